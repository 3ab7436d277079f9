// SPDX-License-Identifier: MIT
#include "tests/support/cluster.hpp"

#include <sstream>

namespace batch_notifier::tests {

Pair::Pair() {
  bridge_.ip("link add bridge0 type bridge");
  bridge_.ip("link set bridge0 up");
  connect(a, "a", "192.0.2.1/24");
  connect(b, "b", "192.0.2.2/24");
}

void Pair::connect(const NetworkNamespace& node, const std::string& letter,
                   const std::string& address) const {
  const std::string port = "port-" + letter;
  // Nobody else is there, so nothing is gained by waiting for duplicate address detection.
  node.run({"sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad"});
  node.ip("link add eth0 type veth peer name " + port + " netns " + bridge_.name());
  bridge_.ip("link set " + port + " master bridge0 up");
  node.ip("link set eth0 up");
  node.ip("address add " + address + " dev eth0");
}

ManyInstances::ManyInstances() {
  for (std::size_t cable = 0; cable < cables; ++cable) {
    const std::string number = std::to_string(cable);
    node.add_veth("d" + number, "p" + number);
    std::string address = "address add 10.";
    address += number;
    address += ".0.1/16 dev d";
    address += number;
    node.ip(address);
  }
}

void ManyInstances::set_cables(const std::string& state) const {
  std::string lines;
  for (std::size_t cable = 0; cable < cables; ++cable) {
    lines += "link set p";
    lines += std::to_string(cable);
    lines += " " + state;
    lines += '\n';
  }
  node.ip_batch(lines);
}

std::string ManyInstances::configuration(std::size_t count, const std::string& advert_int) {
  std::ostringstream text;
  for (std::size_t number = 0; number < count; ++number) {
    const std::size_t cable = number % cables;
    const std::size_t vrid = number / cables + 1;
    text << "vrrp_instance VI_" << number << " {\n    interface d" << cable
         << "\n    virtual_router_id " << vrid << "\n    priority 100\n    advert_int "
         << advert_int << "\n    virtual_ipaddress {\n        10." << cable << ".1." << vrid
         << "/32\n    }\n}\n";
  }
  return text.str();
}

}  // namespace batch_notifier::tests
