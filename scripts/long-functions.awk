# SPDX-License-Identifier: MIT
# Prints every function of C or C++ whose body has more than `most` lines; the lines of the two braces
# do not count. Braces are counted, so the layout does not matter. A body is a "{" behind a blank,
# outside of other bodies, whose declaration has parentheses and no "=" outside of them: so neither
# a table of cases nor a constructor's initialiser such as member_{1} is one.

# The line without comments, preprocessor, and the contents of strings and characters.
function code(line,    at) {
  if (directive || line ~ /^ *#/) {
    directive = line ~ /\\$/
    return ""
  }
  if (raw_end != "") {
    if ((at = index(line, raw_end)) == 0) return ""
    line = substr(line, at + length(raw_end))
    raw_end = ""
  }
  if (in_comment) {
    if ((at = index(line, "*/")) == 0) return ""
    line = substr(line, at + 2)
    in_comment = 0
  }
  gsub(/\\./, "", line)
  if (match(line, /R"[a-z]*\(/)) {
    raw_end = ")" substr(line, RSTART + 2, RLENGTH - 3) "\""
    at = index(substr(line, RSTART), raw_end)
    line = substr(line, 1, RSTART - 1) (at ? substr(line, RSTART + at - 1 + length(raw_end)) : "")
    if (at) raw_end = ""
  }
  while (match(line, /[0-9a-fA-F]'[0-9a-fA-F]/)) {
    line = substr(line, 1, RSTART) substr(line, RSTART + 2)
  }
  gsub(/"[^"]*"/, "\"\"", line)
  gsub(/'[^']*'/, "' '", line)
  sub(/\/\/.*/, "", line)
  gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
  if ((at = index(line, "/*")) != 0) {
    line = substr(line, 1, at - 1)
    in_comment = 1
  }
  return line
}

# What stands outside of parentheses and of template arguments.
function outside(text) {
  while (gsub(/\([^()]*\)/, "", text) || gsub(/<[^<>]*>/, "", text)) {}
  return text
}

function opens_body(text) {
  gsub(/operator *[^a-zA-Z_ (]+/, "operator", text)
  gsub(/alignas *\([^()]*\)/, "", text)
  return text ~ /\)/ && text ~ / $/ && outside(text) !~ /[=(]/
}

function check_end() {
  if (depth != 0) print file ": the braces do not match, so its functions are not measured"
}

FNR == 1 {
  check_end()
  file = FILENAME
  depth = body = 0
  text = raw_end = ""
  directive = in_comment = 0
}

{
  line = code($0)
  count = split(line, letters, "")
  for (i = 1; i <= count; ++i) {
    letter = letters[i]
    if (letter == "{") {
      ++depth
      if (!body && opens_body(text)) {
        body = depth
        begin = FNR
      }
      # Of an initialiser nothing is left, so that what follows is still its declaration.
      held[depth] = text ~ / $/ ? "" : text
      text = ""
    } else if (letter == "}") {
      if (body == depth) {
        if (FNR - begin - 1 > most) {
          printf "%s:%d: a function of %d lines\n", FILENAME, begin, FNR - begin - 1
        }
        body = 0
      }
      text = held[depth--]
    } else if (letter == ";") {
      text = ""
    } else {
      text = text letter
    }
  }
  text = text " "
}


END { check_end() }
