-- Regular expressions are Java's.
# rlike
SELECT id, t RLIKE '^[A-Z]' AS a, t RLIKE '\\d+' AS b, t RLIKE '' AS c FROM words
# regexp_extract
SELECT regexp_extract('100-200', '(\\d+)-(\\d+)', 1) AS a, regexp_extract('100-200', '(\\d+)-(\\d+)', 2) AS b, regexp_extract('100-200', '(\\d+)-(\\d+)', 0) AS c, regexp_extract('100-200', '(\\d+)') AS d, regexp_extract('foo', '(\\d+)', 1) AS e
# regexp_extract with an optional group
SELECT regexp_extract('ac', '(a)(b)?(c)', 2) AS a
# regexp_extract of a group that does not exist
SELECT regexp_extract('abc', '(a)', 2)
# regexp_extract of columns
SELECT id, regexp_extract(t, '([a-z]+)([0-9]+)', 2) AS a, regexp_extract(t, '(\\w+)', 1) AS b FROM words
# regexp_replace
SELECT regexp_replace('100-200', '(\\d+)', 'num') AS a, regexp_replace('abc', 'b', '') AS b, regexp_replace('john smith', '(\\w+) (\\w+)', '$2 $1') AS c, regexp_replace('a.b.c', '\\.', '-') AS d
# regexp_replace from a position
SELECT regexp_replace('aaaa', 'a', 'b', 3) AS a
# regexp_replace with a backslash
SELECT regexp_replace('a/b', '/', '\\\\') AS a, regexp_replace('x', 'x', '\\$1') AS b
# lookahead
SELECT regexp_replace('foobar', 'foo(?=bar)', 'X') AS a, 'foobaz' RLIKE 'foo(?!bar)' AS b
# lookbehind
SELECT regexp_extract('price: 42', '(?<=price: )(\\d+)', 1) AS a
# back reference
SELECT 'abab' RLIKE '(ab)\\1' AS a, regexp_replace('aabbc', '(.)\\1', '<$1>') AS b
# possessive quantifier and atomic group
SELECT 'aaa' RLIKE 'a++a' AS a, 'aaa' RLIKE '(?>a+)a' AS b
# flags
SELECT 'ABC' RLIKE '(?i)abc' AS a, 'a\nb' RLIKE 'a.b' AS b, 'a\nb' RLIKE '(?s)a.b' AS c, 'a\nb' RLIKE '(?m)^b$' AS d
# word boundary and classes
SELECT regexp_replace('a1 b2', '\\b', '|') AS a, regexp_replace('aB1_', '[^\\w]', '') AS b, regexp_replace('tab\tx', '\\s', '_') AS c, regexp_replace('ÄB', '\\w', '.') AS d
# posix classes
SELECT regexp_replace('aB1', '\\p{Upper}', 'U') AS a, regexp_replace('aÄ1', '\\p{L}', 'L') AS b, regexp_replace('a1', '\\p{Digit}', '#') AS c
# named group
SELECT regexp_extract('2023-06', '(?<y>\\d{4})-(?<m>\\d\\d)', 2) AS a
# a pattern that is no pattern
SELECT 'a' RLIKE '('
# quantifier edge
SELECT regexp_replace('abc', '', '-') AS a, regexp_replace('', '^', 'x') AS b, regexp_replace('abc', 'x*', '-') AS c
# dollar before a final newline
SELECT 'abc\n' RLIKE 'abc$' AS a, regexp_replace('abc\n', '$', '!') AS b
# split on a lookahead
SELECT split('aBcD', '(?=[A-Z])') AS a
# pattern from a column
SELECT id, t RLIKE u AS a FROM words WHERE id NOT IN (11)
# NULL in patterns
SELECT regexp_replace('a', NULL, 'b') AS a, regexp_extract(NULL, 'a', 0) AS b, 'a' RLIKE NULL AS c
# a group of columns replaced by a column
SELECT id, regexp_replace(t, '[aeiou]', u) AS a FROM words WHERE id NOT IN (11)
# character class subtraction
SELECT regexp_replace('abcdef', '[a-f&&[^bd]]', '.') AS a
# quoted literal in a pattern
SELECT regexp_replace('a.b*c', '\\Q.b*\\E', '!') AS a
# every match
SELECT regexp_extract_all('100-200, 300-400', '(\\d+)-(\\d+)') AS a, regexp_extract_all('100-200, 300-400', '(\\d+)-(\\d+)', 2) AS b, regexp_extract_all('abc', 'z', 0) AS c, regexp_extract_all('ipadmini', '.{2}', 0) AS d, regexp_extract_all(NULL, 'a', 0) AS e, regexp_extract_all('aXb', '(a)|(b)', 2) AS f
# every match of a group there is none of
SELECT regexp_extract_all('a1', '\\d')
