// SPDX-License-Identifier: MIT
/// @file
/// Which VIPs are on which interface, and which interfaces are up, according to the kernel. The
/// kernel reports interface indexes, and addresses that come and go one at a time; keepalived.conf
/// names interfaces and instances. This table translates the one into the other. Links and
/// addresses may arrive in any order: a name counts from the moment it is known, also when its link
/// is renamed or made anew under another index.
///
/// Only links and addresses that the configuration names are kept, so a host with a hundred
/// thousand containers costs no more than one with none.
///
/// Reading everything anew (a dump) corrects the table while notifications go on correcting it.
/// Links and addresses that a dump does not list are removed at its end. Where a dump and a
/// notification have the same link or address, the notification counts: since Linux 6.9 addresses
/// are dumped without the lock under which they change, so a reply can be older than a notification
/// that came before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/address.hpp"
#include "core/link_state.hpp"
#include "core/observation.hpp"
#include "core/topology.hpp"

namespace batch_notifier::core {

/// A network interface in a netlink message.
struct LinkEvent {
  std::uint32_t ifindex = 0;  ///< Its index, which outlives a rename.
  std::string name;           ///< Its present name.
  bool present = false;       ///< False when it was removed.
  bool running = false;       ///< Up, and with carrier.

  /// Equal in every field.
  bool operator==(const LinkEvent&) const = default;
};

/// An address in a netlink message.
struct AddressEvent {
  std::uint32_t ifindex = 0;  ///< The link that it is on.
  IpAddress address;          ///< The host's own address.
  /// The other end of a point-to-point address, else the address again. With it and the prefix
  /// length the kernel tells IPv4 addresses apart; an IPv6 address is on a link once at most.
  IpAddress peer;
  std::uint8_t prefix_length = 0;  ///< Length of the network part, in bits.
  bool present = false;            ///< False when it was removed or is not usable.

  /// Equal in every field.
  bool operator==(const AddressEvent&) const = default;
};

/// Where an event comes from.
enum class Origin : std::uint8_t {
  notification,  ///< Something changed.
  dump,          ///< Listed because everything was asked for.
};

/// The VIPs and links of all instances that are not ignored, as the kernel has them.
class VipTable {
 public:
  /// Takes from the topology what it needs.
  explicit VipTable(const Topology& topology);

  /// A dump begins, also when the last one came to nothing.
  void begin_dump();
  /// The dump was complete: removes what neither it nor a notification has named since.
  void end_dump();

  /// Takes a message about a link in.
  void apply(const LinkEvent& event, Origin origin);
  /// Takes a message about an address in.
  void apply(const AddressEvent& event, Origin origin);

  /// The instances whose VIPs or links have changed since the last call. VipsSeen::answered is set
  /// where a dump, and no notification, brought the newest change.
  std::vector<VipsSeen> take_changes();
  /// All instances, in the order of the topology, as answered.
  std::vector<VipsSeen> take_all();

 private:
  /// An interface name of the configuration.
  using InterfaceId = std::size_t;

  /// Who named a link or an address last, since the dump began.
  enum class Mark : std::uint8_t { nobody, dump, notification };

  struct AddressKey {
    IpAddress address;
    IpAddress peer;
    std::uint8_t prefix_length = 0;

    auto operator<=>(const AddressKey&) const = default;
  };
  struct KernelAddress {
    bool present = false;
    Mark mark = Mark::nobody;
  };
  using KernelAddresses = std::map<AddressKey, KernelAddress>;

  struct Link {
    std::optional<InterfaceId> interface;  // None while it has no name that is configured.
    bool running = false;
    Mark mark = Mark::nobody;
    KernelAddresses addresses;
  };
  using Links = std::unordered_map<std::uint32_t, Link>;

  struct Use {
    InstanceIndex instance;
    bool first;
  };
  struct Vip {
    std::vector<Use> uses;
    std::size_t holders = 0;  // Addresses in the kernel that are this VIP.
  };

  /// An interface of the configuration. For a moment two links can have its name.
  struct Interface {
    std::size_t links = 0;
    std::size_t running = 0;
    std::vector<InstanceIndex> users;

    [[nodiscard]] LinkState state() const {
      return running > 0 ? LinkState::up : links > 0 ? LinkState::down : LinkState::missing;
    }
  };

  struct Picture {
    std::uint32_t present = 0;
    bool first_present = false;
    std::optional<LinkState> link;
    bool link_down = false;

    bool operator==(const Picture&) const = default;
  };
  struct Watched {
    std::optional<InterfaceId> interface;  // Its own.
    std::vector<InterfaceId> needed;       // Its own, if tracked, and those of its VIPs.
    Picture now;
    Picture taken;
    bool ignored = false;
    bool changed = false;                  // Listed in changed_.
    Origin newest = Origin::notification;  // Of the newest change.
  };

  InterfaceId intern(const std::string& name);
  void watch(InstanceIndex index, const Instance& instance);
  void add_link(const Link& link, Origin origin);
  void drop_link(const Link& link, Origin origin);
  void refresh(InterfaceId interface, Origin origin);
  void look_at_links(Watched& instance) const;
  void mark_changed(InstanceIndex index, Origin origin);
  [[nodiscard]] VipsSeen seen(InstanceIndex index, bool answered) const;
  static bool outranks(Origin origin, Mark& mark);
  static bool is_empty(const Link& link);
  [[nodiscard]] bool is_configured(const IpAddress& address) const;
  void change(Link& link, std::optional<InterfaceId> interface, bool running, Origin origin);
  void count(const Link& link, const IpAddress& address, bool present, Origin origin);
  void sweep(Link& link);

  std::unordered_map<std::string, InterfaceId> names_;
  std::vector<Interface> interfaces_;
  std::map<std::pair<IpAddress, InterfaceId>, Vip> vips_;
  Links links_;
  bool dumping_ = false;
  std::vector<Watched> instances_;
  std::vector<InstanceIndex> changed_;
};

}  // namespace batch_notifier::core
