// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "dbus/bus_socket.hpp"

using batch_notifier::dbus::BusSocket;
using batch_notifier::dbus::parse_bus_address;

BOOST_AUTO_TEST_SUITE(dbus_socket)

BOOST_AUTO_TEST_CASE(unix_sockets_of_an_address) {
  const std::vector<BusSocket> sockets = parse_bus_address(
      "unix:path=/run/dbus/a%20bus,guid=00112233445566778899aabbccddeeff;"
      "tcp:host=localhost,port=1;unix:abstract=hidden;unix:runtime=yes");
  BOOST_REQUIRE(sockets.size() == 2U);
  BOOST_TEST(sockets[0].name == "/run/dbus/a bus");
  BOOST_TEST(!sockets[0].abstract);
  BOOST_TEST(sockets[0].address() == "unix:path=/run/dbus/a%20bus");
  BOOST_TEST(sockets[1].name == "hidden");
  BOOST_TEST(sockets[1].abstract);
  BOOST_TEST(sockets[1].address() == "unix:abstract=hidden");
}

BOOST_AUTO_TEST_CASE(addresses_that_cannot_be_used_are_refused) {
  for (const std::string address :
       {"", "unix", "/run/dbus/system_bus_socket", "tcp:host=localhost,port=1",
        "unixexec:path=/bin/true", "autolaunch:", "unix:path=%zz"}) {
    BOOST_TEST_CONTEXT(address) {
      BOOST_CHECK_THROW(parse_bus_address(address), std::runtime_error);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
