-- JSON.
# get_json_object
SELECT id, get_json_object(j, '$.a') AS a, get_json_object(j, '$.b') AS b, get_json_object(j, '$.b.c[1]') AS c, get_json_object(j, '$.b.c[2].d') AS d, get_json_object(j, '$.s') AS e, get_json_object(j, '$.f') AS f, get_json_object(j, '$.t') AS g, get_json_object(j, '$.n') AS h FROM documents
# the whole document
SELECT id, get_json_object(j, '$') AS a FROM documents
# positions at the top
SELECT id, get_json_object(j, '$[0]') AS a, get_json_object(j, '$[2].k') AS b FROM documents
# wildcard
SELECT id, get_json_object(j, '$.items[*].p') AS a, get_json_object(j, '$.b.c[*]') AS b, get_json_object(j, '$.items[*]') AS c FROM documents
# brackets with quotes
SELECT id, get_json_object(j, '$[\'a\']') AS a, get_json_object(j, '$[\'dotted.name\']') AS b, get_json_object(j, '$.dotted.name') AS c FROM documents
# paths that are no paths
SELECT get_json_object('{"a":1}', 'a') AS a, get_json_object('{"a":1}', '') AS b, get_json_object('{"a":1}', '$.') AS c, get_json_object('{"a":1}', '$a') AS d, get_json_object('{"a":1}', '$.b') AS e
# a field of an array of objects
SELECT get_json_object('[{"a":1},{"a":2}]', '$.a') AS a, get_json_object('[{"a":1},{"a":2}]', '$[*].a') AS b
# json_tuple
SELECT id, json_tuple(j, 'a', 's', 'f') FROM documents
# json_tuple in a lateral view
SELECT d.id, v.x, v.y FROM documents d LATERAL VIEW json_tuple(d.j, 'a', 'b') v AS x, y
# from_json of a struct
SELECT id, from_json(j, 'a INT, s STRING, f DOUBLE, t BOOLEAN') AS a FROM documents
# from_json of nested types
SELECT id, from_json(j, 'b STRUCT<c: ARRAY<STRING>>, items ARRAY<STRUCT<p: INT, q: STRING>>') AS a FROM documents
# from_json of an array
SELECT from_json('[1, 2, null]', 'ARRAY<INT>') AS a, from_json('[{"x": 1}]', 'ARRAY<STRUCT<x: INT>>') AS b
# from_json of a map
SELECT from_json('{"a": 1, "b": 2}', 'MAP<STRING, INT>') AS a, from_json('{"k": {"x": 1}}', 'MAP<STRING, STRUCT<x: INT>>') AS b
# from_json where types do not fit
SELECT from_json('{"a": "x", "b": 1}', 'a INT, b INT') AS a, from_json('{"a": 1.5}', 'a INT') AS b, from_json('{"a": "1"}', 'a INT') AS c, from_json('{"a": 1}', 'a STRING') AS d, from_json('{"a": {"b": 1}}', 'a STRING') AS e
# from_json of dates and times
SELECT from_json('{"d": "2023-06-07", "t": "2023-06-07T10:20:30.123Z"}', 'd DATE, t TIMESTAMP') AS a, from_json('{"t": "2023-06-07 10:20:30"}', 't TIMESTAMP') AS b, from_json('{"t": "x"}', 't TIMESTAMP') AS c
# from_json of decimals and large numbers
SELECT from_json('{"a": 12345678901234567890, "b": 1.25}', 'a BIGINT, b DECIMAL(10,3)') AS a, from_json('{"a": 1e3, "b": 300}', 'a DOUBLE, b TINYINT') AS b
# from_json of text that is no JSON
SELECT from_json('x', 'a INT') AS a, from_json('', 'a INT') AS b, from_json(NULL, 'a INT') AS c, from_json('{"a": 1', 'a INT') AS d, from_json('[]', 'a INT') AS e
# from_json with case and extra fields
SELECT from_json('{"A": 1, "z": 2}', 'a INT') AS a
# from_json of a struct type text
SELECT from_json('{"a": 1}', 'struct<a:int,b:string>') AS a
# from_json with a schema from schema_of_json
SELECT from_json('{"a": [1, 2]}', schema_of_json('{"a": [1]}')) AS a
# fields of from_json
SELECT id, from_json(j, 'a STRING, s STRING').s AS a FROM documents
# to_json
SELECT id, to_json(st) AS a, to_json(items) AS b, to_json(m) AS c, to_json(a) AS d FROM nested
# to_json of scalars inside a struct
SELECT to_json(struct(1 AS a, 1.5 AS b, 1.5D AS c, true AS d, 'q"uote' AS e, CAST(NULL AS int) AS f, DATE '2023-06-07' AS g)) AS a
# to_json of times
SELECT id, to_json(struct(at, day)) AS a FROM times
# to_json of special doubles
SELECT id, to_json(struct(d, f)) AS a FROM numbers
# to_json of decimals and big numbers
SELECT id, to_json(struct(m, w, l)) AS a FROM numbers
# to_json of text that needs escapes
SELECT id, to_json(struct(t)) AS a FROM words
# to_json of binary and nested maps
SELECT to_json(map('a', map('b', 1))) AS a, to_json(struct(X'4142' AS b)) AS b, to_json(map(1, 'x')) AS c, to_json(array()) AS d
# to_json of a number is refused
SELECT to_json(1)
# schema_of_json
SELECT schema_of_json('{"a": 1, "b": "x", "c": [1.5], "d": null, "e": {"f": true}}') AS a, schema_of_json('[1, 2]') AS b, schema_of_json('[]') AS c, schema_of_json('1') AS d
# schema_of_json of mixed arrays
SELECT schema_of_json('[1, 2.5, "x"]') AS a, schema_of_json('[{"a": 1}, {"b": "x"}]') AS b, schema_of_json('{"n": 12345678901234567890}') AS c
# schema_of_json of a column is refused
SELECT schema_of_json(j) FROM documents
# round trip
SELECT id, from_json(to_json(st), 'x INT, y STRING, z STRUCT<p: DOUBLE, q: STRING>') AS a FROM nested
# unicode and escapes
SELECT get_json_object('{"a": "\\u00e4\\n"}', '$.a') AS a, get_json_object('{"a": "x/y"}', '$') AS b
# duplicate fields
SELECT get_json_object('{"a": 1, "a": 2}', '$.a') AS a
# spaces in a document
SELECT get_json_object(' { "a" : [ 1 , 2 ] } ', '$.a') AS a
# numbers keep their spelling
SELECT get_json_object('{"a": 1.50, "b": 1e3, "c": 12345678901234567890}', '$.a') AS a, get_json_object('{"b": 1e3}', '$.b') AS b, get_json_object('{"c": 12345678901234567890}', '$.c') AS c
# options of from_json: corrupt records
SELECT from_json('{"a":"x"}', 'a INT, _corrupt_record STRING') AS a, from_json('{"a":"x"}', 'a INT, bad STRING', map('columnNameOfCorruptRecord', 'bad')) AS b, from_json('{"a":', 'a INT, bad STRING', map('columnNameOfCorruptRecord', 'bad')) AS c, from_json('{"a":1}', 'a INT, bad STRING', map('columnNameOfCorruptRecord', 'bad')) AS d, from_json('{"a":"x"}', 'a INT, bad STRING', map('mode', 'PERMISSIVE')) AS e
# corrupt records of several kinds
SELECT from_json('{"a":null}', 'a INT, _corrupt_record STRING') AS a, from_json('{"_corrupt_record":"z"}', 'a INT, _corrupt_record STRING') AS b, from_json('[]', 'a INT, _corrupt_record STRING') AS c, from_json('["x"]', 'a INT, _corrupt_record STRING') AS d, from_json('{"a":"1"}', 'a INT, _corrupt_record STRING') AS e, from_json('{"a":1}', 'a STRING, _corrupt_record STRING') AS f, from_json('{"a":1}', 'a STRUCT<b:INT>, _corrupt_record STRING') AS g, from_json('{"a":{}}', 'a ARRAY<INT>, _corrupt_record STRING') AS h
# the field of corrupt records is text
SELECT from_json('{"a":1}', 'a INT, bad INT', map('columnNameOfCorruptRecord', 'bad')) AS a
# a misfit spoils an array or map, not a struct
SELECT from_json('{"a":[1,"x",3],"b":1}', 'a ARRAY<INT>, b INT') AS a, from_json('{"a":{"k":"x","l":2},"b":1}', 'a MAP<STRING,INT>, b INT') AS b, from_json('[{"x":"y","z":1}]', 'ARRAY<STRUCT<x:INT,z:INT>>') AS c, from_json('{"k":{"x":"y"}}', 'MAP<STRING,STRUCT<x:INT>>') AS d, from_json('{"a":[{"x":"y","z":1}],"b":2}', 'a ARRAY<STRUCT<x:INT,z:INT>>, b INT') AS e, from_json('["x"]', 'ARRAY<INT>') AS f, from_json('{"a":"x"}', 'MAP<STRING,INT>') AS g
# from_json of other values than wanted
SELECT from_json('null', 'a INT') AS a, from_json('1', 'a INT') AS b, from_json('1', 'ARRAY<INT>') AS c, from_json('[1]', 'MAP<STRING,INT>') AS d, from_json('[{"a":1},{"a":2}]', 'a INT') AS e, from_json('{"a":1,"a":2}', 'a INT') AS f
# what from_json does not read
SELECT from_json('{"a":"l1\nl2"}', 'a STRING') AS a, from_json('{"a":1} x', 'a INT') AS b, from_json('{"a":1}{"a":2}', 'a INT') AS c, from_json('{"a":1,}', 'a INT') AS d, from_json('{"a":+1}', 'a INT') AS e, from_json('{"a":.5}', 'a DOUBLE') AS f, from_json('{"a":1e400}', 'a DOUBLE') AS g
# FAILFAST with a misfit
SELECT from_json('{"a":"x"}', 'a INT', map('mode', 'FAILFAST')) AS a
# FAILFAST without JSON
SELECT from_json('{"a":', 'a INT', map('mode', 'FAILFAST')) AS a
# FAILFAST with an array
SELECT from_json('[1,2]', 'a INT', map('mode', 'FAILFAST')) AS a
# FAILFAST inside an array
SELECT from_json('["x"]', 'ARRAY<INT>', map('mode', 'failfast')) AS a
# FAILFAST where everything fits
SELECT from_json('{"a":1}', 'a INT', map('mode', 'FAILFAST')) AS a, from_json('', 'a INT', map('mode', 'FAILFAST')) AS b, from_json('{"b":1}', 'a INT', map('mode', 'FAILFAST')) AS c
# DROPMALFORMED is no mode of from_json
SELECT from_json('{"a":1}', 'a INT', map('mode', 'DROPMALFORMED')) AS a
# options of from_json: dates and times
SELECT from_json('{"t":"26/08/2015"}', 't TIMESTAMP', map('timestampFormat', 'dd/MM/yyyy')) AS a, from_json('{"t":"2015-08-26"}', 't TIMESTAMP', map('timestampFormat', 'dd/MM/yyyy')) AS b, from_json('{"t":"26/08/2015"}', 't DATE', map('dateFormat', 'dd/MM/yyyy')) AS c, from_json('{"t":"2015-08-26"}', 't DATE', map('dateFormat', 'dd/MM/yyyy')) AS d, from_json('{"t":"26.08.15 07:05:03"}', 't TIMESTAMP', map('TIMESTAMPFORMAT', 'dd.MM.yy HH:mm:ss')) AS e
# options of from_json: spelling
SELECT from_json('{\'a\': 1}', 'a INT') AS a, from_json('{\'a\': 1}', 'a INT', map('allowSingleQuotes', 'false')) AS b, from_json('{a: 1}', 'a INT') AS c, from_json('{a: 1}', 'a INT', map('allowUnquotedFieldNames', 'true')) AS d, from_json('{"a": 01}', 'a INT') AS e, from_json('{"a": -007}', 'a INT', map('allowNumericLeadingZeros', 'true')) AS f, from_json('{"a": 1 /* c */}', 'a INT', map('allowComments', 'true')) AS g, from_json('{"a": 1 /* c */}', 'a INT') AS h, from_json('{"a": NaN}', 'a DOUBLE') AS i, from_json('{"a": NaN}', 'a DOUBLE', map('allowNonNumericNumbers', 'false')) AS j
# single quotes around quotes
SELECT from_json('{\'a\': \'x"y\', \'b\': \'it\\\'s\'}', 'a STRING, b STRING') AS a, get_json_object('{\'a\': \'x"y\'}', '$.a') AS b, get_json_object('{a: 1}', '$.a') AS c, schema_of_json('{\'a\': 1}') AS d
# options of schema_of_json
SELECT schema_of_json('{"a": 1, "b": true, "c": [1.5]}', map('primitivesAsString', 'true')) AS a, schema_of_json('[{"col":01}]', map('allowNumericLeadingZeros', 'true')) AS b, schema_of_json('{a: 1}', map('allowUnquotedFieldNames', 'true')) AS c
# schema_of_json of no JSON
SELECT schema_of_json('{"a": 1') AS a
# schema_of_json of a line break in a text
SELECT schema_of_json('{"a": "l1\nl2"}') AS a
# options of to_json: NULL
SELECT to_json(struct(1 AS a, CAST(NULL AS INT) AS b), map('ignoreNullFields', 'false')) AS a, to_json(struct(1 AS a, CAST(NULL AS INT) AS b), map('ignoreNullFields', 'true')) AS b, to_json(struct(struct(CAST(NULL AS INT) AS x) AS b, array(struct(CAST(NULL AS STRING) AS y)) AS c), map('ignoreNullFields', 'false')) AS c, to_json(map('k', struct(CAST(NULL AS INT) AS x)), map('ignoreNullFields', 'false')) AS d
# options of to_json: dates and times
SELECT to_json(struct(TIMESTAMP '2015-08-26 01:02:03' AS t, DATE '2015-08-26' AS d), map('timestampFormat', 'dd/MM/yyyy HH:mm')) AS a, to_json(struct(TIMESTAMP '2015-08-26 01:02:03' AS t, DATE '2015-08-26' AS d), map('dateFormat', 'dd/MM/yyyy')) AS b, to_json(map('k', DATE '2015-08-26'), map('dateFormat', 'dd MMM yyyy')) AS c, to_json(array(TIMESTAMP '2015-08-26 01:02:03'), map('timestampFormat', 'QQQ yyyy')) AS d
# options are a map
SELECT to_json(struct(1 AS a), 'x') AS a
# options are texts
SELECT to_json(struct(1 AS a), map('a', 1)) AS a
# options of to_json that are left out
SELECT to_json(struct(1 AS a), map('pretty', 'true')) AS a
~ Options that the local Query Service does not have are refused by name.
# options nobody knows
SELECT from_json('{"a": 1}', 'a INT', map('nonsense', 'true')) AS a
~ Spark leaves an option it does not know alone; here it is refused, for it may be a slip of the pen.
