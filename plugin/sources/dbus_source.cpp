// SPDX-License-Identifier: MIT
#include "sources/dbus_source.hpp"

#include <exception>
#include <stdexcept>
#include <utility>

#include <dbus/dbus.h>

namespace batch_notifier::sources {

DbusSource::DbusSource(runtime::EventLoop& loop, runtime::Log& log, core::Statistics& statistics,
                       const core::Topology& topology, core::ObservationSink& sink, Options options)
    : paths_(topology),
      context_{loop, log, statistics, topology, paths_, sink},
      options_(std::move(options)),
      // A net_namespace is part of every object path, so no other keepalived's can be mistaken.
      ancestors_(/*same_network=*/topology.net_namespace.empty()),
      backoff_(options_.retry_min, options_.retry_max),
      retry_timer_(loop, [this] { attempt(); }) {
}

void DbusSource::start() {
  try {
    const std::string& service = context_.topology.dbus_service_name;
    if (dbus_validate_bus_name(service.c_str(), nullptr) == 0) {
      throw std::runtime_error("dbus_service_name is not a bus name: " + service);
    }
    sockets_ = dbus::parse_bus_address(options_.address.empty() ? dbus::system_bus_address()
                                                                : options_.address);
    warn_of_paths();
  } catch (const std::exception& problem) {
    context_.log.write(runtime::Severity::error, std::string("D-Bus: not used: ") + problem.what() +
                                                     "; the FIFO and the kernel decide");
    lose_bus();
    return;
  }
  attempt();
}

void DbusSource::warn_of_paths() {
  if (!paths_.valid()) {
    context_.log.write(
        runtime::Severity::warning,
        "D-Bus: the object path " + paths_.prefix() +
            " is not allowed, so keepalived's signals fail; use only letters, digits "
            "and _ in net_namespace and instance");
    return;
  }
  const std::vector<core::Instance>& instances = context_.topology.instances;
  for (core::InstanceIndex index = 0; index < instances.size(); ++index) {
    const DbusPaths::Owner* owner = paths_.find(paths_.path(index));
    if (owner != nullptr && owner->ambiguous && owner->instance != index) {
      context_.log.write(runtime::Severity::warning,
                         "D-Bus: " + instances[owner->instance].name + " and " +
                             instances[index].name + " share the object path " +
                             paths_.path(index) + ": the FIFO and the kernel decide for both");
    }
  }
}

void DbusSource::attempt() {
  try {
    const dbus::BusSocket& socket = sockets_[attempts_++ % sockets_.size()];
    bus_.emplace(context_.loop, socket, options_.connect_limit,
                 dbus::Bus::Handlers{[this] { connected(); },
                                     [this](const std::string& reason) { disconnected(reason); }});
  } catch (const std::exception& problem) {
    retry_later(problem.what());
  }
}

void DbusSource::connected() {
  context_.statistics.add(core::Counter::dbus_connects);
  const auto found = [this](const std::string& owner) {
    context_.log.write(runtime::Severity::notice, "D-Bus: " + owner + " owns " +
                                                      context_.topology.dbus_service_name +
                                                      ": reading every instance");
    service_.emplace(context_, *bus_, owner, options_.answer_limit, [this] { owner_->ask(); });
  };
  const auto lost = [this](const std::string& /*former*/) {
    service_.reset();
    context_.sink.observe(core::DbusOwnerLost{});
  };
  owner_.emplace(context_, *bus_, ancestors_, options_.connect_limit,
                 DbusOwner::Handlers{[this] { answered(); }, found, lost});
}

void DbusSource::answered() {
  if (!attached_) {
    attached_ = runtime::read_clocks().monotonic;
  }
  bus_lost_ = false;
  failures_.clear();
}

void DbusSource::disconnected(const std::string& reason) {
  service_.reset();
  owner_.reset();
  bus_.reset();
  if (attached_ && runtime::read_clocks().monotonic - *attached_ >= options_.retry_max) {
    backoff_.reset();
  }
  attached_.reset();
  retry_later(reason);
}

void DbusSource::retry_later(const std::string& reason) {
  if (failures_.insert(reason).second) {
    context_.log.write(runtime::Severity::warning,
                       "D-Bus: not connected: " + reason + "; trying again until it works");
  }
  retry_timer_.set(runtime::read_clocks().monotonic + backoff_.next());
  lose_bus();
}

void DbusSource::lose_bus() {
  if (!bus_lost_) {
    bus_lost_ = true;
    context_.sink.observe(core::DbusBusLost{});
  }
}

void DbusSource::resync() {
  if (service_) {
    service_->read();
  }
}

void DbusSource::ask(const std::vector<core::InstanceIndex>& instances) {
  if (service_) {
    service_->ask(instances);
  } else {
    context_.sink.observe(core::DbusSilent{});
  }
}

}  // namespace batch_notifier::sources
