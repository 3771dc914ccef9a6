-- parse_url.
# every part
SELECT id, parse_url(url, 'HOST') AS a, parse_url(url, 'PATH') AS b, parse_url(url, 'QUERY') AS c, parse_url(url, 'REF') AS d, parse_url(url, 'PROTOCOL') AS e, parse_url(url, 'FILE') AS f, parse_url(url, 'AUTHORITY') AS g, parse_url(url, 'USERINFO') AS h FROM documents
# one key of the query
SELECT id, parse_url(url, 'QUERY', 'a') AS a, parse_url(url, 'QUERY', 'b') AS b, parse_url(url, 'QUERY', 'empty') AS c, parse_url(url, 'QUERY', 'q') AS d, parse_url(url, 'QUERY', 'zz') AS e FROM documents
# a key with another part
SELECT parse_url('http://h/p?a=1', 'PATH', 'a') AS a, parse_url('http://h/p?a=1', 'HOST', 'a') AS b
# part in lower case
SELECT parse_url('http://h/p', 'host') AS a, parse_url('http://h/p', 'nonsense') AS b
# urls that are no urls
SELECT parse_url('http://a b/c', 'HOST') AS a, parse_url('', 'HOST') AS b, parse_url('/relative?x=1', 'QUERY') AS c, parse_url('//host/x', 'HOST') AS d, parse_url('http://[::1]:80/x', 'HOST') AS e, parse_url('http://h/%zz', 'PATH') AS f
# encoded characters stay
SELECT parse_url('http://h/a%20b?x=%26', 'PATH') AS a, parse_url('http://h/a%20b?x=%26', 'QUERY', 'x') AS b, parse_url('http://h?x', 'QUERY', 'x') AS c, parse_url('http://h?x=', 'QUERY', 'x') AS d
# empty parts
SELECT parse_url('http://h', 'PATH') AS a, parse_url('http://h/', 'PATH') AS b, parse_url('http://h?', 'QUERY') AS c, parse_url('http://h#', 'REF') AS d, parse_url('http://h', 'FILE') AS e, parse_url('http://h?q', 'FILE') AS f
# capitals and ports
SELECT parse_url('HTTP://Example.COM:80/X', 'PROTOCOL') AS a, parse_url('HTTP://Example.COM:80/X', 'HOST') AS b, parse_url('HTTP://Example.COM:80/X', 'AUTHORITY') AS c
# keys that look like patterns
SELECT parse_url('http://h?a.b=1&axb=2', 'QUERY', 'a.b') AS a, parse_url('http://h?x=1&x=2', 'QUERY', 'x') AS b
# NULL
SELECT parse_url(NULL, 'HOST') AS a, parse_url('http://h', NULL) AS b, parse_url('http://h?a=1', 'QUERY', NULL) AS c
# characters a url must not have
SELECT parse_url('http://h/p|q', 'PATH') AS a, parse_url('http://h/ä', 'PATH') AS b, parse_url('http://h/{x}', 'PATH') AS c, parse_url('http://under_score.com/x', 'HOST') AS d
