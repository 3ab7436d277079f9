// SPDX-License-Identifier: MIT
/// @file
/// Start of every test program. Boost.Test's own report is for people; scripts/check adds up the
/// closing line that the observer here prints, and the name of each skipped case above it.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE batch_notifier
#include <iostream>
#include <set>
#include <string>

#include <boost/test/framework.hpp>
#include <boost/test/results_collector.hpp>
#include <boost/test/tree/observer.hpp>
#include <boost/test/tree/traverse.hpp>
#include <boost/test/tree/visitor.hpp>
#include <boost/test/unit_test.hpp>

namespace {

class ClosingLine : public boost::unit_test::test_observer {
 public:
  void test_unit_finish(const boost::unit_test::test_unit& unit, unsigned long) override {
    if (unit.p_type != boost::unit_test::TUT_CASE) {
      return;
    }
    const auto& results = boost::unit_test::results_collector.results(unit.p_id);
    if (results.p_skipped) {
      note_skipped(unit);
    } else if (results.passed()) {
      ++passed_;
    } else {
      ++failed_;
    }
  }

  void test_unit_skipped(const boost::unit_test::test_unit& unit,
                         boost::unit_test::const_string /*reason*/) override {
    // A suite that is skipped is not entered, and its cases are not reported.
    Skipped skipped(*this);
    boost::unit_test::traverse_test_tree(unit, skipped, /*ignore_status=*/true);
  }

  void print() const {
    for (const std::string& name : skipped_) {
      std::cout << "skipped: " << name << '\n';
    }
    std::cout << passed_ << " passed, " << failed_ << " failed, " << skipped_.size() << " skipped"
              << std::endl;
  }

 private:
  class Skipped : public boost::unit_test::test_tree_visitor {
   public:
    explicit Skipped(ClosingLine& whole) : whole_(whole) {}
    void visit(const boost::unit_test::test_case& unit) override {
      // What was not asked for is not enabled, and not skipped; what the source disables is.
      const bool disabled = unit.p_default_status == boost::unit_test::test_unit::RS_DISABLED;
      if (unit.is_enabled() || disabled) {
        whole_.note_skipped(unit);
      }
    }

   private:
    ClosingLine& whole_;
  };

  void note_skipped(const boost::unit_test::test_unit& unit) { skipped_.insert(unit.full_name()); }

  unsigned passed_ = 0;
  unsigned failed_ = 0;
  std::set<std::string> skipped_;
};

/// Registered while the tests run and not before: with an observer of static storage, Boost 1.74
/// refuses to run a hundred cases or more ("Test setup error").
class Counting {
 public:
  void setup() { boost::unit_test::framework::register_observer(closing_line_); }
  void teardown() {
    boost::unit_test::framework::deregister_observer(closing_line_);
    closing_line_.print();
  }

 private:
  ClosingLine closing_line_;
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(Counting);
