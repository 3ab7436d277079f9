// SPDX-License-Identifier: MIT
/// @file
/// The built plugin through its C interface: by dlopen(3) from here, and in a host written in C.
#define BOOST_TEST_DYN_LINK
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/resource.h>
#include <sys/wait.h>

#include "keepalived/plugin.h"
#include "runtime/unique_fd.hpp"
#include "tests/support/loader.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/privilege.hpp"
#include "tests/support/process.hpp"
#include "tests/support/told.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier::tests;
using batch_notifier::runtime::UniqueFd;

namespace {

/// A host that keeps what it is told.
struct Host {
  struct Close {
    void operator()(void* library) const { dlclose(library); }
  };

  explicit Host(const std::string& configuration)
      : library(dlopen(built("batch_notifier.so").c_str(), RTLD_NOW | RTLD_LOCAL)),
        descriptor(static_cast<const KeepalivedPluginDescriptor*>(
            dlsym(library.get(), KEEPALIVED_PLUGIN_SYMBOL))) {
    BOOST_REQUIRE(descriptor != nullptr);
    write_file(config_path, configuration);
    host.abi_version = KEEPALIVED_PLUGIN_ABI_VERSION;
    host.size = sizeof(host);
    host.context = this;
    host.log = [](void* context, int priority, const char* message) {
      static_cast<Host*>(context)->log += "<" + std::to_string(priority) + "> " + message + "\n";
    };
    host.config_path = config_path.c_str();
    host.state_dir = directory.path().c_str();
  }

  int check() {
    return descriptor->check_config(
        &host, [](void* context, const char* file, std::size_t line, const char* message) {
          Host& own = *static_cast<Host*>(context);
          // The last line sums up what is configured.
          own.problems.insert(own.problems.end(), own.summary.begin(), own.summary.end());
          own.summary = {std::filesystem::path(file).filename().string() + ":" +
                         std::to_string(line) + ": " + message};
        });
  }

  TemporaryDirectory directory;
  std::string config_path = directory.file("keepalived.conf");
  std::unique_ptr<void, Close> library;
  const KeepalivedPluginDescriptor* descriptor;
  KeepalivedPluginHost host{};
  std::string log;
  std::vector<std::string> problems;  // And warnings.
  std::vector<std::string> summary;   // The last line.
};

const char* const one_instance =
    "vrrp_instance VI_1 {\n  interface d0\n  virtual_router_id 51\n"
    "  virtual_ipaddress {\n    192.0.2.100/24\n  }\n}\n";

/// Leaves so few descriptors that nothing more can be opened.
class FewDescriptors {
 public:
  FewDescriptors() {
    getrlimit(RLIMIT_NOFILE, &former_);
    rlimit none = former_;
    none.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &none);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &former_); }

 private:
  rlimit former_{};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(c_interface)

BOOST_AUTO_TEST_CASE(the_descriptor_says_what_it_is) {
  const Host host("");
  BOOST_TEST(host.descriptor->abi_version == KEEPALIVED_PLUGIN_ABI_VERSION);
  BOOST_TEST(host.descriptor->size == sizeof(KeepalivedPluginDescriptor));
  BOOST_TEST(std::string(host.descriptor->name) == "batch_notifier");
  BOOST_TEST(std::string(host.descriptor->version) == BATCH_NOTIFIER_VERSION);
}

BOOST_AUTO_TEST_CASE(a_configuration_is_checked_line_by_line) {
  Host good(one_instance);
  BOOST_TEST(good.check() == 0);
  Host bad(std::string(one_instance) +
           "@batch_notifier batch_wait soon\n@batch_notifier no_such_key 1\n");
  BOOST_TEST(bad.check() == 2);
  BOOST_REQUIRE_EQUAL(bad.problems.size(), 3U);
  BOOST_TEST(bad.problems[0].find("keepalived.conf:8: ") == 0U);
  BOOST_TEST(bad.problems[1].find("keepalived.conf:9: ") == 0U);
  BOOST_TEST(bad.problems[2].find("keepalived.conf:0: warning: no usable notifier") == 0U);
  BOOST_REQUIRE_EQUAL(bad.summary.size(), 1U);
  BOOST_TEST(bad.summary[0] ==
             "keepalived.conf:0: 1 instance, 0 notifiers; started by keepalived: no, because there "
             "is no vrrp_notify_fifo_script");
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_returns_an_error_and_leaves_nothing) {
  Host host(one_instance);
  KeepalivedPlugin* plugin = nullptr;
  KeepalivedPluginHost other = host.host;
  other.abi_version = KEEPALIVED_PLUGIN_ABI_VERSION + 1;
  BOOST_TEST(host.descriptor->start(&other, &plugin) == -EINVAL);
  BOOST_TEST(host.descriptor->start(nullptr, &plugin) == -EINVAL);
  BOOST_TEST(host.descriptor->start(&host.host, nullptr) == -EINVAL);
  other = host.host;
  other.config_path = "/nonexistent/keepalived.conf";
  BOOST_TEST(host.descriptor->start(&other, &plugin) == -ENOENT);
  BOOST_TEST(host.descriptor->check_config(
                 &other, [](void*, const char*, std::size_t, const char*) {}) == -ENOENT);
  BOOST_TEST(host.log.find("/nonexistent/keepalived.conf") != std::string::npos);
  {
    const FewDescriptors few;
    BOOST_TEST(host.descriptor->start(&host.host, &plugin) == -EMFILE);
  }
  BOOST_TEST(host.log.find("event loop") != std::string::npos);
  BOOST_TEST(plugin == nullptr);
  host.descriptor->destroy(nullptr);
}

BOOST_AUTO_TEST_CASE(a_bad_line_or_notifier_stops_nothing_else) {
  Host host(std::string(one_instance) +
            "@batch_notifier batch_wait soon\n"
            "@batch_notifier notify_batch \"/bin/true\" user no-such-user-here\n");
  KeepalivedPlugin* plugin = nullptr;
  BOOST_REQUIRE_EQUAL(host.descriptor->start(&host.host, &plugin), 0);
  BOOST_TEST(host.log.find("keepalived.conf:8: ") != std::string::npos);
  BOOST_TEST(host.log.find("keepalived.conf:9: ") != std::string::npos);
  BOOST_TEST(host.log.find("no-such-user-here") != std::string::npos);
  BOOST_TEST(host.descriptor->dispatch(plugin) == 1);
  host.descriptor->destroy(plugin);
}

BOOST_AUTO_TEST_CASE(it_stops_at_the_deadline) {
  Host host(one_instance);
  KeepalivedPlugin* plugin = nullptr;
  BOOST_REQUIRE_EQUAL(host.descriptor->start(&host.host, &plugin), 0);
  const int fd = host.descriptor->fd(plugin);
  // keepalived is not there to emit STOP, so only the deadline can end it.
  BOOST_TEST(host.descriptor->stop(plugin, UINT32_MAX) == 0);
  BOOST_TEST(host.descriptor->stop(plugin, 10) == 0);
  const bool stopped = wait_until([&] {
    pollfd ready{fd, POLLIN, 0};
    poll(&ready, 1, 1000);
    return host.descriptor->dispatch(plugin) == 0;
  });
  BOOST_TEST(stopped);
  BOOST_TEST(host.descriptor->fd(plugin) == fd);
  host.descriptor->destroy(plugin);
}

BOOST_AUTO_TEST_CASE(a_stop_that_is_over_at_once_wakes_the_host) {
  Host host("");
  KeepalivedPlugin* plugin = nullptr;
  BOOST_REQUIRE_EQUAL(host.descriptor->start(&host.host, &plugin), 0);
  const auto dispatch = [&] {
    pollfd ready{host.descriptor->fd(plugin), POLLIN, 0};
    BOOST_REQUIRE_EQUAL(poll(&ready, 1, 10'000), 1);
    return host.descriptor->dispatch(plugin);
  };
  while (host.log.find(" started: ") == std::string::npos) {
    BOOST_REQUIRE_EQUAL(dispatch(), 1);
  }
  BOOST_TEST(host.descriptor->stop(plugin, UINT32_MAX) == 0);
  BOOST_TEST(dispatch() == 0);
  host.descriptor->destroy(plugin);
}

BOOST_AUTO_TEST_CASE(a_ledger_that_cannot_be_written_leaves_no_older_one) {
  Host host(one_instance);
  const std::string ledger = host.directory.file("ledger");
  const auto run = [&](const std::function<bool()>& until) {
    KeepalivedPlugin* plugin = nullptr;
    BOOST_REQUIRE_EQUAL(host.descriptor->start(&host.host, &plugin), 0);
    BOOST_TEST(wait_until([&] {
      host.descriptor->dispatch(plugin);
      return until();
    }));
    host.descriptor->stop(plugin, 0);
    BOOST_TEST(wait_until([&] { return host.descriptor->dispatch(plugin) == 0; }));
    host.descriptor->destroy(plugin);
  };
  run([&] { return host.log.find(" started: ") != std::string::npos; });
  BOOST_TEST(std::filesystem::exists(ledger));
  host.log.clear();
  std::filesystem::create_directory(ledger + ".new");
  run([&] { return host.log.find(" started: ") != std::string::npos; });
  BOOST_TEST(host.log.find("cannot open " + ledger + ".new") != std::string::npos);
  BOOST_TEST(!std::filesystem::exists(ledger));
}

BOOST_AUTO_TEST_CASE(a_host_that_is_older_is_served_as_well) {
  Host host(one_instance);
  KeepalivedPlugin* plugin = nullptr;
  host.host.size = offsetof(KeepalivedPluginHost, started_us);
  // Behind the end of what such a host has, or in what was padding at its end.
  std::memset(reinterpret_cast<char*>(&host.host) + offsetof(KeepalivedPluginHost, flags) +
                  sizeof(host.host.flags),
              0x7f,
              sizeof(host.host) - offsetof(KeepalivedPluginHost, flags) - sizeof(host.host.flags));
  BOOST_REQUIRE_EQUAL(host.descriptor->start(&host.host, &plugin), 0);
  host.descriptor->destroy(plugin);
  BOOST_TEST(host.log.find("keepalived's end") == std::string::npos, host.log);
  host.host.size -= 1;
  BOOST_TEST(host.descriptor->start(&host.host, &plugin) == -EINVAL);
}

BOOST_AUTO_TEST_CASE(the_hosts_config_id_chooses_the_lines) {
  Host host(std::string(one_instance) + "@^blue vrrp_instance VI_2 {\n@^blue }\n");
  KeepalivedPlugin* plugin = nullptr;
  const auto instances_with = [&](const char* config_id) {
    host.log.clear();
    host.host.config_id = config_id;
    BOOST_REQUIRE_EQUAL(host.descriptor->start(&host.host, &plugin), 0);
    while (host.log.find(" started: ") == std::string::npos) {
      BOOST_REQUIRE_EQUAL(host.descriptor->dispatch(plugin), 1);
    }
    host.descriptor->destroy(plugin);
    return host.log.substr(host.log.find(" started: ") + 10, 1);
  };
  BOOST_TEST(instances_with("blue") == "1");
  BOOST_TEST(instances_with("red") == "2");
  BOOST_TEST(instances_with(nullptr) == "2");
}

BOOST_AUTO_TEST_CASE(keepaliveds_end_is_told_when_the_host_sees_it) {
  const TemporaryDirectory directory;
  const std::string told = directory.file("told");
  Host host(std::string(one_instance) + "@batch_notifier append_file " + told + "\n");
  std::array<int, 2> ends{};
  BOOST_REQUIRE_EQUAL(pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd process(ends[0]);
  UniqueFd life(ends[1]);
  host.host.keepalived = process.get();
  KeepalivedPlugin* plugin = nullptr;
  BOOST_REQUIRE_EQUAL(host.descriptor->start(&host.host, &plugin), 0);
  const auto dispatch_until_told = [&](const std::string& state) {
    return wait_until([&] {
      host.descriptor->dispatch(plugin);
      return Told(told).state("VI_1") == state;
    });
  };
  BOOST_TEST(dispatch_until_told("BACKUP"));
  life.reset();
  BOOST_TEST(dispatch_until_told("UNKNOWN"));
  BOOST_TEST(Told(told).entry("VI_1").at("cause") == "lost");
  host.descriptor->destroy(plugin);
}

BOOST_AUTO_TEST_CASE(a_host_in_c_drives_it, *boost::unit_test::precondition(is_root)) {
  const NetworkNamespace where;
  where.add_veth("d0", "p0");
  const TemporaryDirectory directory;
  const std::string told = directory.file("told");
  write_file(directory.file("keepalived.conf"),
             std::string(one_instance) + "@batch_notifier append_file " + told +
                 "\n@batch_notifier batch_interval 0.1\n@batch_notifier master_hold 0\n");
  Process host(where.inside({built("tests/c_host"), built("batch_notifier.so"),
                             directory.file("keepalived.conf"), directory.path()}),
               directory.file("log"));
  // Without enable_dbus the kernel's addresses decide.
  BOOST_TEST_REQUIRE(wait_until([&] { return Told(told).state("VI_1") == "BACKUP"; }),
                     read_file(directory.file("log")));
  where.ip("address add 192.0.2.100/24 dev d0");
  BOOST_TEST(wait_until([&] { return Told(told).state("VI_1") == "MASTER"; }));
  where.ip("address del 192.0.2.100/24 dev d0");
  BOOST_TEST(wait_until([&] { return Told(told).state("VI_1") == "BACKUP"; }));
  BOOST_TEST(Told(told).entry("VI_1").at("authority") == "netlink");
  BOOST_TEST(Told(told).broken_promises() == "");
  host.signal(SIGTERM);
  const std::optional<int> status = host.wait();
  BOOST_TEST_REQUIRE(status.has_value());
  BOOST_TEST(WEXITSTATUS(*status) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
