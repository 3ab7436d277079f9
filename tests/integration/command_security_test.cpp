// SPDX-License-Identifier: MIT
/// @file
/// Script security on real directories: which commands are root's alone, and what becomes of those
/// that are not, when the configuration is read and when a batch is due.
#define BOOST_TEST_DYN_LINK
#include "runtime/command_security.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "config/config_files.hpp"
#include "notifiers/notifier_factory.hpp"
#include "tests/support/delivery.hpp"
#include "tests/support/loader.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/privilege.hpp"
#include "tests/support/process.hpp"
#include "tests/support/told.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

namespace {

using core::DeliveryStatus;
using runtime::CommandFlaw;
using runtime::CommandFlawKind;

constexpr uid_t nobody = 65534;

/// A command `safe/dir/command` that is root's alone, for each test to change.
struct Fixture : DeliveryFixture {
  Fixture() {
    run({"chmod", "755", directory.path()});
    run({"mkdir", "-p", "-m", "755", top, dir});
    write_file(command, "#!/bin/sh\nexec cat >>" + directory.file("told") + "\n");
    run({"chmod", "755", command});
  }

  std::string top = directory.file("safe");
  std::string dir = top + "/dir";
  std::string command = dir + "/command";

  core::NotifierSettings secured(const std::string& path) const {
    core::NotifierSettings made = settings("notify_batch", {path});
    made.script_security = true;
    return made;
  }
};

void change_mode(const std::string& path, mode_t mode) {
  BOOST_REQUIRE_EQUAL(chmod(path.c_str(), mode), 0);
}

void change_owner(const std::string& path, uid_t user, gid_t group) {
  BOOST_REQUIRE_EQUAL(lchown(path.c_str(), user, group), 0);
}

void make_link(const std::string& target, const std::string& path) {
  BOOST_REQUIRE_EQUAL(symlink(target.c_str(), path.c_str()), 0);
}

/// "PATH KIND" of what was found, or "safe".
std::string verdict(
    const std::string& path,
    std::optional<CommandFlaw> (*find)(const char*) noexcept = runtime::find_command_flaw) {
  static const std::array<const char*, 6> kinds = {"unreachable", "owner",       "everybody",
                                                   "group",       "access_list", "link"};
  const std::optional<CommandFlaw> flaw = find(path.c_str());
  return flaw
             ? std::string(flaw->path.data()) + " " + kinds.at(static_cast<std::size_t>(flaw->kind))
             : "safe";
}

/// An access control list that adds one user with these permissions, as the kernel keeps it.
/// Returns whether the file system can.
bool add_to_access_list(const std::string& path, uid_t user, std::uint16_t permissions) {
  struct Entry {
    std::uint16_t tag;
    std::uint16_t permissions;
    std::uint32_t id;
  };
  struct {
    std::uint32_t version = 2;
    std::array<Entry, 5> entries;
  } list;
  constexpr std::uint32_t no_id = UINT32_MAX;
  list.entries = {{{0x01, 7, no_id},
                   {0x02, permissions, user},
                   {0x04, 5, no_id},
                   {0x10, static_cast<std::uint16_t>(5U | permissions), no_id},
                   {0x20, 5, no_id}}};
  return setxattr(path.c_str(), "system.posix_acl_access", &list, sizeof(list), 0) == 0;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(command_security, Fixture, *boost::unit_test::precondition(is_root))

BOOST_AUTO_TEST_CASE(a_command_that_only_root_can_change_is_safe) {
  BOOST_TEST(verdict(command) == "safe");
  BOOST_TEST(verdict("/" + command) == "safe");
  BOOST_TEST(verdict(top + "//./dir/../dir/command/") == "safe");
  BOOST_TEST(verdict("/usr/bin/env") == "safe");
  // Links of distributions: /bin is one, and so is what stands there.
  BOOST_TEST(verdict("/bin/sh") == "safe");
}

BOOST_AUTO_TEST_CASE(owner_and_mode_of_every_name_count) {
  for (const std::string& path : {top, dir, command}) {
    for (const mode_t mode : {0757U, 0777U, 0702U}) {
      change_mode(path, mode);
      BOOST_TEST(verdict(command) == path + " everybody");
    }
    change_mode(path, 0775);
    // Group 0 is root's, as for keepalived.
    BOOST_TEST(verdict(command) == "safe");
    change_owner(path, 0, nobody);
    change_mode(path, 0775);
    BOOST_TEST(verdict(command) == path + " group");
    change_mode(path, 0755);
    BOOST_TEST(verdict(command) == "safe");
    change_owner(path, nobody, 0);
    BOOST_TEST(verdict(command) == path + " owner");
    change_owner(path, 0, 0);
    change_mode(path, 0755);
    BOOST_TEST(verdict(command) == "safe");
  }
}

BOOST_AUTO_TEST_CASE(the_sticky_bit_protects_what_is_in_a_directory) {
  for (const mode_t mode : {01777U, 01775U}) {
    change_owner(dir, 0, nobody);
    change_mode(dir, mode);
    BOOST_TEST(verdict(command) == "safe");
  }
  // Only if it is root's, and only what is root's in it.
  change_owner(command, nobody, 0);
  BOOST_TEST(verdict(command) == command + " owner");
  change_owner(command, 0, 0);
  change_owner(dir, nobody, 0);
  BOOST_TEST(verdict(command) == dir + " owner");
  // On a file the bit means nothing.
  change_owner(dir, 0, 0);
  change_mode(command, 01777);
  BOOST_TEST(verdict(command) == command + " everybody");
}

BOOST_AUTO_TEST_CASE(links_are_followed_one_by_one) {
  const std::string open = directory.file("open");
  BOOST_REQUIRE_EQUAL(mkdir(open.c_str(), 0755), 0);
  make_link("../safe/dir/command", open + "/relative");
  make_link(command, open + "/absolute");
  make_link(dir, open + "/dir");
  make_link("open/relative", directory.file("chain"));
  const std::vector<std::string> paths = {open + "/relative", open + "/absolute",
                                          open + "/dir/command", directory.file("chain"),
                                          open + "/dir/../dir/command"};
  for (const std::string& path : paths) {
    BOOST_TEST(verdict(path) == "safe");
  }
  // Both ends are root's alone, but everybody could put another link in the place of these.
  change_mode(open, 0777);
  for (const std::string& path : paths) {
    BOOST_TEST(verdict(path) == open + " everybody");
  }
  change_mode(open, 01777);
  for (const std::string& path : paths) {
    BOOST_TEST(verdict(path) == "safe");
  }
  change_owner(open + "/relative", nobody, 0);
  BOOST_TEST(verdict(directory.file("chain")) == open + "/relative owner");
  // What a link leads to counts as much as the link.
  change_mode(dir, 0777);
  BOOST_TEST(verdict(open + "/dir/command") == dir + " everybody");
}

BOOST_AUTO_TEST_CASE(dots_go_up_from_where_a_link_led) {
  BOOST_REQUIRE_EQUAL(mkdir(directory.file("safe/other").c_str(), 0755), 0);
  make_link(dir, directory.file("link"));
  change_mode(top, 0777);
  BOOST_TEST(verdict(directory.file("link/../dir/command")) == top + " everybody");
  change_mode(top, 0755);
  BOOST_TEST(verdict(directory.file("link/../dir/command")) == "safe");
  BOOST_TEST(verdict("/../.." + command) == "safe");
}

BOOST_AUTO_TEST_CASE(an_access_list_can_open_what_the_mode_gives_to_group_root) {
  if (!add_to_access_list(command, nobody, 7)) {
    BOOST_TEST_MESSAGE("this file system has no access control lists: not tested");
    return;
  }
  struct stat status {};
  BOOST_REQUIRE_EQUAL(stat(command.c_str(), &status), 0);
  BOOST_TEST((status.st_mode & 07777U) == 0775U);
  BOOST_TEST(verdict(command) == command + " access_list");
  // The list's mask, which is what this changes, takes it away again.
  change_mode(command, 0755);
  BOOST_TEST(verdict(command) == "safe");
  BOOST_REQUIRE(add_to_access_list(dir, nobody, 5));
  BOOST_TEST(verdict(command) == "safe");
}

BOOST_AUTO_TEST_CASE(a_path_that_cannot_be_examined_is_not_safe) {
  const auto error_of = [](const std::string& path) {
    const std::optional<CommandFlaw> flaw = runtime::find_command_flaw(path.c_str());
    return flaw && flaw->kind == CommandFlawKind::unreachable ? flaw->error : 0;
  };
  make_link("loop", directory.file("loop"));
  for (int number = 0; number <= 41; ++number) {
    make_link(number == 0 ? command : directory.file(std::to_string(number - 1)),
              directory.file(std::to_string(number)));
  }
  BOOST_TEST(error_of(dir + "/none") == ENOENT);
  BOOST_TEST(error_of(command + "/x") == ENOTDIR);
  BOOST_TEST(error_of(directory.file("loop")) == ELOOP);
  BOOST_TEST(verdict(directory.file("39")) == "safe");
  BOOST_TEST(error_of(directory.file("40")) == ELOOP);
  BOOST_TEST(error_of("/" + std::string(NAME_MAX + 1, 'x')) == ENAMETOOLONG);
  BOOST_TEST(error_of("/" + std::string(PATH_MAX, 'x')) == ENAMETOOLONG);
  std::string deep = dir;
  while (deep.size() < PATH_MAX) {
    deep += "/.";
  }
  BOOST_TEST(error_of(deep) == ENAMETOOLONG);
  // That is for the execution to say, and not for the configuration reader.
  config::DiskFiles files;
  BOOST_TEST(!files.command_flaw(dir + "/none").has_value());
  change_mode(dir, 0777);
  BOOST_TEST(files.command_flaw(dir + "/none").value_or("") ==
             dir + " can be written by everybody (owner 0, group 0, mode 0777): chmod go-w " + dir);
}

BOOST_AUTO_TEST_CASE(a_file_to_be_written_may_be_missing_where_only_root_can_make_it) {
  const auto written = [](const std::string& path) {
    return verdict(path, runtime::find_file_flaw);
  };
  const std::string folder = dir + "/folder";
  std::filesystem::create_directory(folder);
  BOOST_TEST(written(folder + "/new") == "safe");
  BOOST_TEST(written(folder + "/new//") == "safe");
  BOOST_TEST(written(folder + "/no/new") == folder + "/no unreachable");
  make_link(folder + "/new", dir + "/dangling");
  BOOST_TEST(written(dir + "/dangling") == "safe");
  // Others can make it before us.
  change_mode(folder, 01777);
  BOOST_TEST(written(folder + "/new") == folder + " everybody");
  BOOST_TEST(written(dir + "/dangling") == folder + " everybody");
  tests::write_file(folder + "/new", "");
  BOOST_TEST(written(folder + "/new") == "safe");
  change_owner(folder + "/new", 65534, 0);
  BOOST_TEST(written(folder + "/new") == folder + "/new owner");
  change_mode(folder, 0777);
  BOOST_TEST(written(folder + "/new") == folder + " everybody");
}

BOOST_AUTO_TEST_CASE(links_are_followed_where_only_root_can_have_placed_them) {
  const auto linked = [](const std::string& path) {
    return verdict(path, runtime::find_link_flaw);
  };
  const std::string folder = dir + "/folder";
  const std::string link = folder + "/link";
  std::filesystem::create_directory(folder);
  tests::write_file(folder + "/file", "");
  make_link("file", link);
  make_link(folder, dir + "/way");
  BOOST_TEST(linked(link) == "safe");
  BOOST_TEST(linked(dir + "/way/link") == "safe");
  // A file of others is no link of others.
  change_owner(folder + "/file", 65534, 65534);
  BOOST_TEST(linked(link) == "safe");
  BOOST_TEST(linked(folder + "/none") == "safe");
  // The sticky bit keeps others from replacing root's link, but not from placing their own.
  change_mode(folder, 01777);
  BOOST_TEST(linked(link) == "safe");
  change_owner(link, 65534, 65534);
  BOOST_TEST(linked(link) == link + " link");
  BOOST_TEST(linked(dir + "/way/link") == link + " link");
  change_owner(link, 0, 0);
  change_mode(folder, 0777);
  BOOST_TEST(linked(link) == link + " link");
  change_mode(folder, 0755);
  change_owner(folder, 65534, 65534);
  BOOST_TEST(linked(link) == link + " link");
}

BOOST_AUTO_TEST_CASE(a_long_path_is_named_as_far_as_there_is_room) {
  std::string deep = dir;
  while (deep.size() < 2 * CommandFlaw::longest_path) {
    deep += "/" + std::string(200, 'd');
    BOOST_REQUIRE_EQUAL(mkdir(deep.c_str(), 0755), 0);
  }
  change_mode(deep, 0777);
  BOOST_TEST(verdict(deep + "/x") == deep.substr(0, CommandFlaw::longest_path - 1) + " everybody");
}

BOOST_AUTO_TEST_CASE(a_command_is_looked_at_before_every_execution) {
  const auto notifier = notifiers::make_notifier(loop, log, secured(command));
  BOOST_TEST((deliver(*notifier).status == DeliveryStatus::delivered));
  const std::string once = read_file(directory.file("told"));
  BOOST_TEST(!once.empty());
  change_mode(dir, 0777);
  const core::DeliveryResult refused = deliver(*notifier);
  BOOST_TEST((refused.status == DeliveryStatus::unseen));
  BOOST_TEST(refused.reason ==
             "enable_script_security refuses " + command + ": " + dir +
                 " can be written by everybody (owner 0, group 0, mode 0777): chmod go-w " + dir);
  BOOST_TEST(read_file(directory.file("told")) == once);
  change_mode(dir, 0755);
  BOOST_TEST((deliver(*notifier).status == DeliveryStatus::delivered));
  BOOST_TEST(read_file(directory.file("told")) == once + once);
}

BOOST_AUTO_TEST_CASE(it_does_not_matter_who_the_command_runs_as) {
  write_file(command, "#!/bin/sh\nid -u\n");
  core::NotifierSettings as_nobody = secured(command);
  as_nobody.user = core::UserName{"65534", "65534"};
  BOOST_TEST((deliver(as_nobody).status == DeliveryStatus::delivered));
  BOOST_TEST(log.count("notify_batch:1: 65534") == 1U);
  change_owner(command, nobody, 0);
  const core::DeliveryResult refused = deliver(as_nobody);
  BOOST_TEST((refused.status == DeliveryStatus::unseen));
  BOOST_TEST(refused.reason.find(command + " does not belong to root (owner 65534, group 0, mode "
                                           "0755)") != std::string::npos,
             refused.reason);
}

BOOST_AUTO_TEST_CASE(a_command_that_is_missing_fails_as_ever) {
  const core::DeliveryResult result = deliver(secured(dir + "/none"));
  BOOST_TEST((result.status == DeliveryStatus::unseen));
  BOOST_TEST(result.reason == "cannot execute " + dir + "/none: No such file or directory");
}

BOOST_AUTO_TEST_CASE(a_file_that_root_writes_is_looked_at_before_every_delivery) {
  core::NotifierSettings file = settings("append_file", {dir + "/batches"});
  file.script_security = true;
  BOOST_TEST((deliver(file).status == DeliveryStatus::delivered));
  change_mode(dir, 0777);
  const core::DeliveryResult result = deliver(file);
  BOOST_TEST((result.status == DeliveryStatus::unseen));
  BOOST_TEST(result.reason.find("enable_script_security refuses the file: " + dir +
                                " can be written by everybody") == 0U,
             result.reason);
  // What another user writes is that user's own matter.
  file.user = core::UserName{"nobody", ""};
  file.target = {dir + "/nobodys"};
  BOOST_TEST((deliver(file).status == DeliveryStatus::delivered));
}

BOOST_AUTO_TEST_CASE(a_file_is_not_written_by_way_of_another_users_link) {
  const std::string folder = dir + "/folder";
  std::filesystem::create_directory(folder);
  tests::write_file(dir + "/victim", "");
  make_link(dir + "/victim", folder + "/batches");
  const core::NotifierSettings file = settings("append_file", {folder + "/batches"});
  BOOST_TEST((deliver(file).status == DeliveryStatus::delivered));
  const std::string before = tests::read_file(dir + "/victim");
  change_owner(folder, 65534, 65534);
  const core::DeliveryResult result = deliver(file);
  BOOST_TEST((result.status == DeliveryStatus::unseen));
  BOOST_TEST(result.reason.find("cannot write the file: " + folder +
                                "/batches is a link that others could have placed") == 0U,
             result.reason);
  BOOST_TEST(tests::read_file(dir + "/victim") == before);
}

BOOST_AUTO_TEST_CASE(the_configuration_test_refuses_it_by_name) {
  LoaderBench bench;
  bench.plugin = built("batch_notifier.so");
  change_mode(dir, 0777);
  const std::string settings = "@batch_notifier notify_batch \"" + command +
                               " --now\"\n@batch_notifier notify_batch /bin/sh\n";
  const auto tested = [&](const std::string& text) {
    write_file(bench.config_path, text);
    const std::optional<int> status =
        bench.start_plain({"-t", "-f", bench.config_path, bench.plugin}).wait();
    return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
  };
  BOOST_TEST(tested(settings) == 0);
  BOOST_TEST(bench.output().find("refuses") == std::string::npos, bench.output());
  const std::size_t before = bench.output().size();
  const std::string secured = settings + "global_defs {\n    enable_script_security\n}\n";
  BOOST_TEST(tested(secured) == 5);
  const std::string problem =
      bench.config_path + ":1: enable_script_security refuses the command '" + command +
      "': " + dir + " can be written by everybody (owner 0, group 0, mode 0777): chmod go-w " +
      dir + "; the line is ignored\n";
  BOOST_TEST(bench.output().find(problem) == before, bench.output());
  const std::size_t after = bench.output().size();
  change_mode(dir, 0755);
  BOOST_TEST(tested(secured) == 0);
  BOOST_TEST(bench.output().find("refuses", after) == std::string::npos, bench.output());
}

BOOST_AUTO_TEST_CASE(a_running_plugin_waits_until_it_is_mended) {
  const NetworkNamespace where;
  where.add_veth("d0", "p0");
  const std::string told = directory.file("told");
  const std::string host_log = directory.file("log");
  write_file(directory.file("keepalived.conf"),
             "global_defs {\n    enable_script_security\n}\n"
             "vrrp_instance VI_1 {\n  interface d0\n  virtual_router_id 51\n"
             "  virtual_ipaddress {\n    192.0.2.100/24\n  }\n}\n"
             "@batch_notifier notify_batch " +
                 command + "\n@batch_notifier batch_interval 0.1\n@batch_notifier master_hold 0\n");
  Process host(where.inside({built("tests/c_host"), built("batch_notifier.so"),
                             directory.file("keepalived.conf"), top}),
               host_log);
  const auto state = [&] { return Told(told).state("VI_1"); };
  BOOST_TEST_REQUIRE(wait_until([&] { return state() == "BACKUP"; }), read_file(host_log));
  change_mode(dir, 0777);
  where.ip("address add 192.0.2.100/24 dev d0");
  const auto logged = [&](const std::string& text) {
    return read_file(host_log).find(text) != std::string::npos;
  };
  BOOST_TEST(
      wait_until([&] {
        return logged("was not delivered: enable_script_security refuses " + command + ": " + dir);
      }),
      read_file(host_log));
  BOOST_TEST(state() == "BACKUP");
  change_mode(dir, 0755);
  BOOST_TEST(wait_until([&] { return state() == "MASTER"; }), read_file(host_log));
  BOOST_TEST(wait_until([&] { return logged("it works again"); }), read_file(host_log));
  BOOST_TEST(Told(told).broken_promises() == "");
  host.signal(SIGTERM);
  BOOST_TEST(host.wait().has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace batch_notifier::tests
