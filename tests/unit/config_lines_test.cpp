// SPDX-License-Identifier: MIT
// Lines as keepalived's reader makes them; behaviour seen with keepalived 2.2.7 unless noted.
#define BOOST_TEST_DYN_LINK
#include <string>
#include <system_error>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "config/line_reader.hpp"
#include "tests/support/fake_config_files.hpp"

using namespace batch_notifier;  // NOLINT(google-build-using-namespace)
using tests::FakeFiles;
using tests::main_file;

namespace {

using Texts = std::vector<std::string>;

struct Read {
  Texts lines;  // settings begin with "@ "
  Texts problems;
  std::vector<core::SourceLocation> locations;
};

Read read(FakeFiles& files) {
  config::Problems problems;
  config::LineReader reader(main_file, "node1", files, problems);
  Read result;
  while (const auto line = reader.next()) {
    result.lines.push_back((line->setting ? "@ " : "") + line->text);
    result.locations.push_back(line->location);
  }
  for (const config::Problem& problem : problems.take()) {
    result.problems.push_back(std::to_string(problem.location.line) + ": " + problem.message);
  }
  return result;
}

Read read(const std::string& text) {
  FakeFiles files;
  files.texts[main_file] = text;
  files.variables["HOOK"] = "/bin/hook";
  return read(files);
}

struct Case {
  std::string text;
  Texts lines;
  Texts problems = {};
};

void check(const std::vector<Case>& cases) {
  for (const Case& item : cases) {
    BOOST_TEST_CONTEXT(item.text) {
      const Read result = read(item.text);
      BOOST_TEST(result.lines == item.lines, boost::test_tools::per_element());
      BOOST_TEST(result.problems == item.problems, boost::test_tools::per_element());
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(config_lines)

BOOST_AUTO_TEST_CASE(comments_and_blanks) {
  check({
      {"", {}},
      {"\n\r\n  \t \n", {}},
      {"a b # c", {"a b"}},
      {"  a ! b\r\nc", {"a", "c"}},
      {R"(a "# b" # c)", {R"(a "# b")"}},
      {"a 'b # c'", {"a 'b"}},
      {R"(a "b \" # c")", {R"(a "b \" # c")"}},
      {"# a \"b", {}},
      // Stripped twice, like the copy that keepalived's children read: an escape does not last.
      {R"(a \# b)", {"a"}},
      {R"(a \! b)", {"a"}},
      {"@batch_notifier label k \\#1 # c", {"@ label k #1"}},
  });
}

BOOST_AUTO_TEST_CASE(braces_stand_alone) {
  check({
      {"a b { c } d", {"a b", "{", "c", "}", "d"}},
      {"{a}", {"{", "a", "}"}},
      {"} }", {"}", "}"}},
      {R"(a "{ b }" {)", {R"(a "{ b }")", "{"}},
      {"a{b{", {"a", "{", "b", "{"}},
      {"a \"{", {"a \"{"}},
  });
}

BOOST_AUTO_TEST_CASE(lines_of_other_nodes) {
  check({
      {"@node1 a\n@node2 b\n@^node1 c\n@^node2 d", {"a", "d"}},
      {"@node1\n@^node2\n@ a", {}},
      {"@node a\n@node12 a", {}},
      {"x { @node2 y }\n}", {"x", "{", "}"}},
      {"$A=@node2 b\n$C=@node1 d\n$A\n$C", {"d"}},
  });
}

BOOST_AUTO_TEST_CASE(settings_are_marked_and_whole) {
  check({
      {"@batch_notifier a \"{\" } # b", {"@ a \"{\" }"}},
      {"@batch_notifier", {"@ "}},
      {"@batch_notifierx a\n@^batch_notifier b",
       {"b"},
       {"1: @batch_notifierx is taken for a line of the node 'batch_notifierx'; is @batch_notifier "
        "meant?"}},
      {"x { @batch_notifier a }", {"x", "{", "@ a }"}},
      {"@node1 @batch_notifier a\n@node2 @batch_notifier b", {"@ a"}},
      {"$A=b c\n@batch_notifier a \"${A}\"", {"@ a \"b c\""}},
      {"~SEQ(i,2) @batch_notifier label k$i v$i", {"@ label k1 v1", "@ label k2 v2"}},
      {"~SEQ(i,2) @batch_notifier label k${i} v$i", {"@ label k1 v1", "@ label k2 v2"}},
  });
}

BOOST_AUTO_TEST_CASE(definitions) {
  check({
      {"$A=x y\na $A b", {"a x y b"}},
      {"$A=x\n$A,$A)$A $Ab ${A}b a$A", {"x,x)x $Ab xb ax"}},
      {"$A=x\n${A }", {"$", "{", "A", "}"}},
      {"$A=x\n$A-y", {"$A-y"}},
      {"$A=$B z\n$B=y\n$A", {"y z"}},
      {"$A=x\n$A=y\n$A", {"y"}},
      {"$A=\nb $A c", {"b  c"}},
      {"$B $\n$1=a\n$C =a", {"$B $", "$1=a", "$C =a"}},
      {"$A=a # b\n$A c", {"a c"}},
      {"$A=x { y\n\"${A}\"", {"\"x { y\""}},
      {"a $_INSTANCE ${_PWD}", {"a node1 /etc/keepalived"}},
      {"a \"${_HASH}${_BANG}\"\nb $_HASH c", {"a \"#!\"", "b"}},
      {"a ${_RANDOM 5 9} $_RANDOM", {"a 5 0"}},
      {"a ${_ENV HOOK} b${_ENV NONE}", {"a /bin/hook b"}},
      {"$_PWD=x\n$_PWD", {"x"}},
  });
}

BOOST_AUTO_TEST_CASE(definitions_of_several_lines) {
  check({
      {"$A=x \\\n  y \\\nz\nb $A", {"b x", "y", "z"}},
      {"$A=\\\n x \\\n y\n$A", {"x", "y"}},
      {"$A=x \\\n# comment\ny\n$A", {"x", "y"}},
      {"$A=x \\\ny \\\n\nb\n$A", {"b", "x", "y"}},
      {"$A=x \\\ny\n$A b", {"$A b"}},
      {"$A=x \\\ny\n$B=p \\\n$A \\\nq\n$B", {"p", "x", "y", "q"}},
      {"$A=x \\\ny$N\n~SEQ(N,2) $A", {"x", "y1", "x", "y2"}},
      {"$A=x { \\\n y }\n$A", {"x", "{", "y", "}"}},
      {"$A=x \\\ny\n@batch_notifier a $A", {"@ a $A"}},
  });
}

BOOST_AUTO_TEST_CASE(sequences) {
  check({
      {"~SEQ(i,3) a$i-b", {"a$i-b", "a$i-b", "a$i-b"}},
      {"~SEQ(i,3) a $i", {"a 1", "a 2", "a 3"}},
      {"~SEQ(i,-2) $i", {"-1", "-2"}},
      {"~SEQ(i,5,7) $i", {"5", "6", "7"}},
      {"~SEQ(i,2,1) $i", {"2", "1"}},
      {"~SEQ( i , 1 , 2 , 6 ) $i", {"1", "3", "5"}},
      {"~SEQx(i,9,0xb) $i", {"9", "a", "b"}},
      {"$N=2\n~SEQ(i,$N) $i", {"1", "2"}},
      {"~SEQ(i,2) ~SEQ(j,2) $i $j", {"1 1", "1 2", "2 1", "2 2"}},
      {"~SEQ(i,9223372036854775806,9223372036854775807) $i",
       {"9223372036854775806", "9223372036854775807"}},
      {"$S=~SEQ(i,2) $i\n$S", {"1", "2"}},
      {"~LST(a,x, y ,z) $a", {"x", "y", "z"}},
      {"~LST({a,b},{1,2},{3}) $a/${b}.", {"$a/2.", "$a/."}},
      {"~LST({a,b},{1,2},{3}) ${a}/${b}.", {"1/2.", "3/."}},
      {"~SEQ(i,2) v$i { $i }", {"v1", "{", "1", "}", "v2", "{", "2", "}"}},
  });
}

BOOST_AUTO_TEST_CASE(malformed_sequences) {
  for (const char* text :
       {"~SEQ", "~SEQ(i)", "~SEQ(,3) a", "~SEQ(i,3 a", "~SEQ(i,x) a", "~SEQ(i,1,2,3,4) a",
        "~SEQ(i,1,0,3) a", "~SEQ(i,1,-1,3) a", "~SEQ(i,3,1,1) a", "~SEQx(i,-3) a", "~SEQ(i,1;2) a",
        "~LST(a) b", "~LST({a,b},{1,2,3}) b", "~LST({a,b,{1}) b", "~LST a"}) {
    BOOST_TEST_CONTEXT(text) {
      const Read result = read(text);
      BOOST_TEST(result.lines.empty());
      BOOST_REQUIRE_EQUAL(result.problems.size(), 1U);
      BOOST_TEST(result.problems[0] ==
                 "1: malformed " + std::string(text, 4) + "; the line is ignored");
    }
  }
}

BOOST_AUTO_TEST_CASE(locations) {
  FakeFiles files;
  files.texts[main_file] = "a\n\n~SEQ(i,2) $i\ninclude b.conf\n$M=x \\\ny\n$M";
  files.texts["/etc/keepalived/b.conf"] = "# c\nd {";
  const Read result = read(files);
  const Texts lines = {"a", "1", "2", "d", "{", "x", "y"};
  BOOST_TEST(result.lines == lines, boost::test_tools::per_element());
  const std::vector<std::size_t> numbers = {1, 3, 3, 2, 2, 7, 7};
  for (std::size_t index = 0; index < numbers.size(); ++index) {
    BOOST_TEST(result.locations[index].line == numbers[index]);
    BOOST_TEST(result.locations[index].file ==
               (numbers[index] == 2 ? "/etc/keepalived/b.conf" : main_file));
  }
}

BOOST_AUTO_TEST_CASE(lines_too_long_or_with_nul) {
  const std::string longest(1022, 'x');
  BOOST_TEST(read(longest + "\n").lines == Texts{longest});
  const std::string nul = std::string("a\0b", 3) + "\n";
  const Read result = read("a\n" + longest + "x\n" + nul + "b");
  BOOST_TEST(result.lines == (Texts{"a", "b"}));
  BOOST_TEST(result.problems == (Texts{"2: the line is longer than 1022 bytes, which keepalived "
                                       "cannot read; it is ignored",
                                       "3: the line holds a NUL byte; it is ignored"}));
}

BOOST_AUTO_TEST_CASE(includes) {
  FakeFiles files;
  files.texts[main_file] =
      "include conf.d/*.conf\nincludea /other/x.conf\n@node2 include none\ninclude none.conf\n"
      "include conf.d/*.none\nincludew conf.d/*.none\nincluder dir\n include_dir\nincludes x";
  files.texts["/etc/keepalived/conf.d/1.conf"] = "one $_PWD\ninclude 3.inc";
  files.texts["/etc/keepalived/conf.d/2.conf"] = "two";
  files.texts["/etc/keepalived/conf.d/3.inc"] = "three";
  files.texts["/etc/keepalived/dir"] = "";
  files.texts["/other/x.conf"] = "x";
  files.unsuitable = {"/etc/keepalived/dir"};
  const Read result = read(files);
  const Texts lines = {
      "one /etc/keepalived/conf.d", "three", "two", "x", "include_dir", "includes x"};
  BOOST_TEST(result.lines == lines, boost::test_tools::per_element());
  const Texts problems = {"4: no file matches 'none.conf'", "6: no file matches 'conf.d/*.none'",
                          "7: '/etc/keepalived/dir' is not a regular file without execute "
                          "permission; it is skipped"};
  BOOST_TEST(result.problems == problems, boost::test_tools::per_element());
}

// Files that a sequence includes are opened first and read last to first; a relative path then
// starts at the one opened before.
BOOST_AUTO_TEST_CASE(includes_of_a_sequence) {
  FakeFiles files;
  files.texts[main_file] = "~SEQ(i,3) include f${i}.conf\nz";
  for (const char* name : {"f1", "f2", "f3"}) {
    files.texts["/etc/keepalived/" + std::string(name) + ".conf"] = name;
  }
  BOOST_TEST(read(files).lines == (Texts{"f3", "f2", "f1", "z"}));
}

BOOST_AUTO_TEST_CASE(include_loops) {
  FakeFiles files;
  files.texts[main_file] = "include a.conf\nz";
  files.texts["/etc/keepalived/a.conf"] = "a\ninclude keepalived.conf\ninclude a.conf";
  const Read result = read(files);
  BOOST_TEST(result.lines == (Texts{"a", "z"}));
  BOOST_TEST(result.problems ==
             (Texts{"2: '/etc/keepalived/keepalived.conf' includes itself; it is skipped",
                    "3: '/etc/keepalived/a.conf' includes itself; it is skipped"}));
}

BOOST_AUTO_TEST_CASE(includes_too_deep) {
  FakeFiles files;
  files.texts[main_file] = "include 1";
  for (int depth = 1; depth < 40; ++depth) {
    const std::string next = std::to_string(depth + 1);
    std::string& text = files.texts["/etc/keepalived/" + std::to_string(depth)];
    text.append(next).append("\ninclude ").append(next);
  }
  const Read result = read(files);
  BOOST_TEST(result.lines.size() == 31U);
  BOOST_TEST(result.problems ==
             (Texts{"2: files include one another deeper than 32; the line is ignored"}));
}

BOOST_AUTO_TEST_CASE(hostile_input_is_bounded) {
  FakeFiles tree;
  tree.texts[main_file] = "include 1";
  for (int depth = 1; depth < 20; ++depth) {
    std::string& text = tree.texts["/etc/keepalived/" + std::to_string(depth)];
    for (int copy = 0; copy < 20; ++copy) {
      text += "include " + std::to_string(depth + 1) + "\n";
    }
  }
  tree.texts["/etc/keepalived/20"] = "";
  BOOST_TEST(read(tree).problems.size() == 1U);
  BOOST_TEST(tree.reads.size() <= config::LineReader::most_files + 1);

  const std::vector<std::pair<std::string, std::string>> cases = {
      {"~SEQ(i,1000000000) a", "1: more than 1000000 lines"},
      {"$A=a \\\n$A\n$A", "3: definitions and sequences nested deeper than 1000"},
      {"$A=a \\\n$A \\\nb\n$A", "4: definitions and sequences nested deeper than 1000"},
      {"$A=~SEQ(i,2) $A\n$A", "2: definitions and sequences nested deeper than 1000"}};
  for (const auto& [text, problem] : cases) {
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(read(text).problems ==
                 Texts{problem + "; the rest of the configuration is ignored"});
    }
  }
  for (const char* text : {"$A=$A\na $A", "$A=$A$A $A\n$A", "$A=x$B\n$B=$A ${B}\nb ${A}"}) {
    BOOST_TEST_CONTEXT(text) {
      const Read result = read(text);
      BOOST_TEST(result.lines.empty());
      BOOST_TEST(result.problems.size() == 1U);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_main_file_must_be_readable) {
  FakeFiles files;
  BOOST_CHECK_EXCEPTION(read(files), std::system_error, [](const std::system_error& error) {
    return error.code() == std::errc::no_such_file_or_directory &&
           std::string(error.what()).find(main_file) != std::string::npos;
  });
  files.texts[main_file] = "a";
  files.unsuitable = {main_file};
  BOOST_CHECK_THROW(read(files), std::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
