package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// bundle carries out a batch or a transaction.
func (s *Server) bundle(c *call) (*answer, error) {
	body, err := compact(c.body, s.catalogue)
	if err != nil {
		return nil, err
	}
	doc := gjson.ParseBytes(body)
	if typ := doc.Get("resourceType").Str; typ != "Bundle" {
		return nil, refuse(http.StatusBadRequest, "Incorrect resource type found, expected \"Bundle\" but found %q", typ)
	}
	if err := s.validateBundle(doc); err != nil {
		return nil, err
	}
	entries := doc.Get("entry").Array()
	switch typ := doc.Get("type").Str; typ {
	case "batch":
		return s.batch(c, entries), nil
	case "transaction":
		return s.transaction(c, entries)
	default:
		return nil, refuse(http.StatusBadRequest, "Unable to process transaction where incoming Bundle.type = %s", clip(typ))
	}
}

func entryPlace(i int) string { return "Bundle.entry[" + strconv.Itoa(i) + "]" }

// entryCall turns an entry into the call that it stands for.
func entryCall(c *call, e gjson.Result) (*call, error) {
	request := e.Get("request")
	target := request.Get("url").Str
	path, rawQuery, _ := strings.Cut(target, "?")
	if strings.Contains(path, ":") {
		return nil, refuse(http.StatusBadRequest, "Unable to perform %s, URL provided is invalid: %s", clip(request.Get("method").Str), clip(target))
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "Invalid entry.request.url %q: %v", clip(target), err)
	}
	return &call{
		method: request.Get("method").Str, path: strings.Trim(path, "/"), query: query, base: c.base,
		body:    []byte(e.Get("resource").Raw),
		ifMatch: request.Get("ifMatch").Str, ifNoneMatch: request.Get("ifNoneMatch").Str, ifNoneExist: request.Get("ifNoneExist").Str,
	}, nil
}

// batch carries out every entry on its own.
func (s *Server) batch(c *call, entries []gjson.Result) *answer {
	b := newBundle("batch-response", unknownTotal)
	for _, e := range entries {
		sub, err := entryCall(c, e)
		if err == nil && sub.path == "" {
			err = refuse(http.StatusBadRequest, "A batch entry cannot be a batch")
		}
		if err == nil {
			var a *answer
			if a, err = s.serve(sub); err == nil {
				b.Entry = append(b.Entry, a.entry(sub.method == http.MethodGet))
			}
		}
		if err != nil {
			b.Entry = append(b.Entry, failedEntry(err))
		}
	}
	return b.answer()
}

// transaction carries out the writes as one, and then the reads.
func (s *Server) transaction(c *call, entries []gjson.Result) (*answer, error) {
	var ops []*op
	var calls []*call
	for i, e := range entries {
		sub, err := entryCall(c, e)
		if err == nil && sub.method != http.MethodGet {
			var o *op
			if o, err = s.entryOp(sub, e); err == nil {
				o.at = entryPlace(i)
				ops = append(ops, o)
			}
		}
		if err != nil {
			return nil, locate(entryPlace(i), err)
		}
		calls = append(calls, sub)
	}
	if err := s.write(ops); err != nil {
		return nil, err
	}
	b := newBundle("transaction-response", unknownTotal)
	for _, sub := range calls {
		if sub.method != http.MethodGet {
			b.Entry = append(b.Entry, ops[0].answer().entry(false))
			ops = ops[1:]
			continue
		}
		a, err := s.serve(sub)
		if err != nil {
			b.Entry = append(b.Entry, failedEntry(err))
			continue
		}
		b.Entry = append(b.Entry, a.entry(true))
	}
	return b.answer(), nil
}

// entryOp turns the call of an entry into a write.
func (s *Server) entryOp(c *call, e gjson.Result) (*op, error) {
	typ, id, hasID := strings.Cut(c.path, "/")
	k := s.catalogue[typ]
	o := &op{method: c.method, kind: k, id: id, ifMatch: c.ifMatch, body: c.body, fullURL: e.Get("fullUrl").Str}
	switch {
	case k == nil:
		return nil, refuse(http.StatusNotFound, "Unknown resource type '%s'", clip(typ))
	case c.method == "POST" && !hasID:
		o.condition = c.ifNoneExist
	case (c.method == "PUT" || c.method == "DELETE") && !hasID && len(c.query) > 0:
		o.condition = c.query.Encode()
	case (c.method == "PUT" || c.method == "DELETE") && hasID:
	default:
		return nil, refuse(http.StatusBadRequest, "Unable to handle %s %s in a transaction", clip(c.method), clip(c.path))
	}
	return o, nil
}

// resolve puts the final ids where the entries refer to each other, and the result where a reference is a search.
func (s *Server) resolve(ops []*op) error {
	ids := map[string]string{}
	for _, o := range ops {
		if strings.HasPrefix(o.fullURL, "urn:") && o.id != "" {
			ids[o.fullURL] = o.kind.name + "/" + o.id
		}
	}
	for _, o := range ops {
		if o.at == "" || o.body == nil {
			continue
		}
		var err error
		o.body = replaceURIs(o.body, func(element, uri string) string {
			if final, ok := ids[uri]; ok {
				return final
			}
			if element == "reference" && strings.Contains(uri, "?") && err == nil {
				uri, err = s.inlineMatch(uri)
			}
			return uri
		})
		if err != nil {
			return locate(o.at, err)
		}
	}
	return nil
}

// inlineMatch finds the one resource that a reference such as "Patient?identifier=x" means.
func (s *Server) inlineMatch(ref string) (string, error) {
	typ, query, _ := strings.Cut(ref, "?")
	k := s.catalogue[typ]
	if k == nil {
		return ref, nil
	}
	q, err := s.catalogue.parseMatch(k, query)
	if err != nil {
		return ref, err
	}
	switch found := q.run(s.store); len(found) {
	case 0:
		return ref, refuse(http.StatusNotFound, "Invalid match URL %q - No resources match this search", clip(ref))
	case 1:
		return found[0].ref(), nil
	default:
		return ref, refuse(http.StatusPreconditionFailed, "Invalid match URL %q - Multiple resources match this search", clip(ref))
	}
}
