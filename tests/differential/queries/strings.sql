-- Text functions.
# case
SELECT id, upper(t) AS a, lower(t) AS b, ucase(u) AS c, lcase(u) AS d, initcap(t) AS e FROM words
# length
SELECT id, length(t) AS a, char_length(t) AS b, character_length(t) AS c, bit_length(t) AS d, length(raw) AS e, bit_length(raw) AS f FROM words
# length of a number
SELECT length(12345) AS a, length(1.50) AS b, length(true) AS c
# substring
SELECT id, substring(t, 2, 3) AS a, substr(t, 0, 2) AS b, substring(t, -3) AS c, substring(t, -3, 2) AS d, substring(t, 100) AS e, substring(t, 2, -1) AS f FROM words
# substring beyond the start
SELECT substring('hello', -10, 7) AS a, substring('hello', -5, 2) AS b, substring('hello', 0) AS c, substring('hello', -10) AS d, substring('hello' FROM 2 FOR 2) AS e
# substring of binary
SELECT id, substring(raw, 2, 2) AS a FROM words
# left and right
SELECT id, left(t, 3) AS a, left(t, 0) AS b, left(t, -1) AS c FROM words
# right is not documented
SELECT right('hello', 2)
~ right is not in the documented list of functions, so it is refused.
# trim
SELECT trim('  a ') AS a, ltrim('  a ') AS b, rtrim('  a ') AS c, trim('x' FROM 'xxaxx') AS d, trim(BOTH 'xy' FROM 'xyaxy') AS e, trim(LEADING 'x' FROM 'xax') AS f, trim(TRAILING 'x' FROM 'xax') AS g
~ ltrim is not in the documented list of functions, so it is refused.
# trim without ltrim
SELECT trim('  a ') AS a, rtrim('  a ') AS c, trim('x' FROM 'xxaxx') AS d, trim(BOTH 'xy' FROM 'xyaxy') AS e, trim(LEADING 'x' FROM 'xax') AS f, trim(TRAILING 'x' FROM 'xax') AS g, rtrim('x', 'axx') AS h
# trim keeps tabs
SELECT trim('\t a\n') AS a, length(trim(t)) AS b FROM words
# pad
SELECT lpad('hi', 5, 'ab') AS a, rpad('hi', 5, 'ab') AS b, lpad('hello', 3, 'x') AS c, rpad('hi', 5) AS d, lpad('hi', 5, '') AS e, lpad('hi', -1, 'x') AS f, rpad('hi', 0, 'x') AS g
# pad of columns
SELECT id, lpad(t, 8, '*') AS a, rpad(u, 4, '-') AS b FROM words
# concat
SELECT concat('a', 1, true) AS a, concat('a', NULL) AS b, concat() AS c, 'a' || 1 AS d, 'x' || NULL AS e
# concat of columns
SELECT id, concat(t, '/', u) AS a, t || u AS b FROM words
# concat_ws
SELECT concat_ws('-', 'a', NULL, 'b') AS a, concat_ws('-') AS b, concat_ws(NULL, 'a') AS c, concat_ws(',', array('x', NULL, 'y'), 'z') AS d, concat_ws(',', 1, 2) AS e, concat_ws(',', NULL) AS f, concat_ws(',', array()) AS g
# repeat and space
SELECT repeat('ab', 3) AS a, repeat('ab', 0) AS b, repeat('ab', -1) AS c, space(3) AS d, concat('[', space(0), ']') AS e
# repeat with a double too large for an int
SELECT length(repeat('x', 3.7)) AS a
# replace
SELECT replace('abcabc', 'b', 'X') AS a, replace('abc', '', 'X') AS b, replace('abcabc', 'bc') AS c, replace(t, 'a', '') AS d FROM words
# translate
SELECT translate('AaBbCc', 'abc', '123') AS a, translate('abc', 'abc', '1') AS b, translate('aab', 'aa', '12') AS c, translate('abc', '', '1') AS d
# instr and locate
SELECT instr('hello', 'l') AS a, instr('hello', '') AS b, locate('l', 'hello') AS c, locate('l', 'hello', 4) AS d, locate('l', 'hello', 0) AS e, locate('', 'hello') AS f, position('lo' IN 'hello') AS g, position('l', 'hello', 4) AS h, locate('z', 'hello') AS i
# locate from a column
SELECT id, locate(u, t) AS a, instr(t, u) AS b, locate(u, t, 3) AS c FROM words
# locate past the end
SELECT locate('', 'hello', 6) AS a, locate('', 'hello', 7) AS b, locate('a', 'aaa', NULL) AS c, locate('a', NULL) AS d
# reverse
SELECT id, reverse(t) AS a FROM words
# split
SELECT split('a,b,,c', ',') AS a, split('a1b2', '[0-9]') AS b, split('', ',') AS c, split('abc', '') AS d, split('a.b', '\\.') AS e, split(',a,', ',') AS f
# split with a limit
SELECT split('a,b,c', ',', 2) AS a, split('a,b,c', ',', -1) AS b, split('a,b,c', ',', 0) AS c, split('a,b,c', ',', 1) AS d, split('a,b,,', ',', 0) AS e
# split of columns
SELECT id, split(t, '[ ,]') AS a FROM words
# substring_index
SELECT substring_index('www.a.com', '.', 2) AS a, substring_index('www.a.com', '.', -2) AS b, substring_index('www', '.', 1) AS c, substring_index('a.b', '.', 0) AS d, substring_index('a..b', '..', 1) AS e
# find_in_set
SELECT find_in_set('b', 'a,b,c') AS a, find_in_set('z', 'a,b') AS b, find_in_set('a,b', 'a,b') AS c, find_in_set('', ',a') AS d, find_in_set('', '') AS e, find_in_set(NULL, 'a') AS f
# ascii, chr
SELECT ascii('A') AS a, ascii('') AS b, ascii('ä') AS c, chr(65) AS d, chr(256) AS e, chr(321) AS f, char(97) AS g, chr(-1) AS h, chr(0) = '' AS i, ascii('漢') AS j
# levenshtein
SELECT levenshtein('kitten', 'sitting') AS a, levenshtein('', 'abc') AS b, levenshtein('straße', 'strasse') AS c, levenshtein('漢字', '漢') AS d, levenshtein(t, u) AS e FROM words
# levenshtein with a threshold
SELECT levenshtein('kitten', 'sitting', 2) AS a, levenshtein('kitten', 'sitting', 3) AS b
# soundex
SELECT soundex('Robert') AS a, soundex('Rupert') AS b, soundex('Tymczak') AS c, soundex('Pfister') AS d, soundex('') AS e, soundex('1abc') AS f, soundex('Ashcraft') AS g
# format_number
SELECT format_number(1234567.891, 2) AS a, format_number(1234.5, 0) AS b, format_number(-0.5, 0) AS c, format_number(1.5, 0) AS d, format_number(0, 3) AS e, format_number(12, -1) AS f, format_number(d, 2) AS g FROM numbers
# format_number with a pattern
SELECT format_number(12332.123456, '##################.###') AS a, format_number(12332.1, '#,###.00') AS b
# base64
SELECT id, base64(raw) AS a, base64(t) AS b, unbase64(base64(t)) AS c FROM words
# hex of text and unhex
SELECT id, hex(t) AS a, hex(raw) AS b, unhex(hex(t)) AS c FROM words
# unhex of odd and bad text
SELECT unhex('F') AS a, unhex('zz') AS b, unhex('') AS c, decode(unhex('537061726B'), 'UTF-8') AS d
# digests
SELECT id, md5(t) AS a, sha1(t) AS b, sha(t) AS c, crc32(t) AS d, sha2(t, 256) AS e, sha2(t, 0) AS f, sha2(t, 512) AS g FROM words
# sha2 with a length it does not know
SELECT sha2('a', 100) AS a, sha2('a', 224) AS b, sha2('a', 384) AS c
# hash
SELECT id, hash(t) AS a, hash(id) AS b, hash(t, u) AS c FROM words
# hash of every type
SELECT id, hash(b) AS a, hash(s) AS b, hash(i) AS c, hash(l) AS d, hash(f) AS e, hash(d) AS f, hash(m) AS g, hash(w) AS h, hash(ok) AS i FROM numbers
~ hash of a decimal of more than 18 digits is refused.
# hash of dates and nested values
SELECT id, hash(day) AS a, hash(at) AS b FROM times
# hash of arrays, structs
SELECT id, hash(a) AS a, hash(st) AS b, hash(ws, id) AS c FROM nested
# hash of arrays inside arrays and structs
SELECT hash('Spark', array(123), 2) AS a, hash(array(1, NULL, 2)) AS b, hash(array(array(1.5D), array(2.5D, NULL))) AS c, hash(struct(array(1L, 2L) AS x, 'y' AS y)) AS d, hash(array(struct(1 AS x, array('a', 'b') AS y))) AS e
# hash of a map
SELECT hash(map(1, 2))
# encode and decode
SELECT encode('abc', 'UTF-8') AS a, decode(encode('äb', 'utf-8'), 'utf-8') AS b
# decode as a CASE
SELECT decode(2, 1, 'one', 2, 'two', 'other') AS a, decode(9, 1, 'one', 2, 'two') AS b, decode(NULL, NULL, 'nothing', 'x') AS c
# elt
SELECT elt(1, 'a', 'b') AS a, elt(3, 'a', 'b') AS b, elt(0, 'a') AS c, elt(2, 1, 2) AS d, elt(NULL, 'a') AS e
# sentences
SELECT sentences('Hi there! Good morning.') AS a, sentences('') AS b, sentences('One. Two three? It''s') AS c
# LIKE
SELECT id, t LIKE '%o%' AS a, t LIKE 'H_llo%' AS b, t LIKE '' AS c, t LIKE '%\\%%' AS d, t LIKE '%off\\_now' AS e FROM words
# LIKE across lines
SELECT id FROM words WHERE t LIKE 'tab%line'
# ILIKE
SELECT id, t ILIKE 'HELLO%' AS a, t ILIKE '%STRASSE' AS b FROM words
# LIKE with an escape character
SELECT '50%' LIKE '50/%' ESCAPE '/' AS a, 'a_b' LIKE 'a/_b' ESCAPE '/' AS b, 'axb' LIKE 'a/_b' ESCAPE '/' AS c
# NOT LIKE
SELECT id FROM words WHERE t NOT LIKE '%a%'
# text comparison is case-sensitive
SELECT 'a' = 'A' AS a, 'a' < 'B' AS b, 'Z' < 'a' AS c, 'ä' > 'z' AS d
# literal escapes
SELECT 'it\'s' AS a, 'tab\tx' AS b, 'a\\b' AS c, 'new\nline' AS d, '\u00e4' AS e, '\101' AS f, 'per\%cent' AS g, '\z' AS h
# adjacent literals
SELECT 'a' 'b' AS a
# raw literal
SELECT r'a\nb' AS a
# str_to_map
SELECT str_to_map('a:1,b:2') AS a, str_to_map('a=1&b=2', '&', '=') AS b, str_to_map('a') AS c, str_to_map('') AS d
# str_to_map of a column
SELECT id, str_to_map(kv, ',', ':') AS a FROM documents WHERE id <> 8
# boolean text
SELECT concat(true, '') AS a, upper(false) AS b
# text of numbers in functions
SELECT upper(1.5D) AS a, length(1e10D) AS b, reverse(123) AS c, concat(1e-5D, '') AS d
# uuid has its form
SELECT length(uuid()) AS a
# substring_index with a delimiter that overlaps itself
SELECT substring_index('aaa', 'aa', -1) AS a
~ A delimiter that overlaps itself is counted without overlaps.
# sentences with language and country
SELECT sentences('Hi there! Good morning.', 'en', 'US') AS a, sentences('One. Two', 'en') AS b, sentences('a b') AS c

# soundex between letters that are not a to z
SELECT soundex('Größe') AS a, soundex('BöB') AS b, soundex('a-b') AS c, soundex('Ashcraft') AS d, soundex('ßs') AS e
# trim of one side without characters
SELECT trim(LEADING FROM '  x ') AS a, trim(TRAILING FROM '  x ') AS b, trim(BOTH FROM '  x ') AS c, trim(LEADING 'xy' FROM 'yxa') AS d
# left and padding of a binary
SELECT left(encode('Spark SQL', 'utf-8'), 3) AS a, left(X'0102', 0) AS b, lpad(X'AABB', 5) AS c, lpad(X'AABB', 5, X'1122') AS d, rpad(X'AABB', 5, X'1122') AS e, rpad(X'AABBCC', 2) AS f
# names of calls with defaults
SELECT position('a', 'ba'), POSITION('a' IN 'ba'), position('a', 'ba', 1), sentences('a b.'), X'0aFf', isnull('a'), isnotnull(1), positive(1), assert_true(1 < 2), hypot(3, 4), power(2, 3), signum(1), cot(1), ceil(1.5), floor(1.5), ceiling(1.5), pow(2, 3), sign(1)
