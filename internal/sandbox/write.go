package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// op is one write, and after Server.write what became of it.
type op struct {
	method    string // POST, PUT or DELETE
	kind      *kind
	id        string
	condition string // the query of If-None-Exist, or of a conditional PUT or DELETE
	ifMatch   string
	body      []byte
	fullURL   string // by which other entries of the Bundle refer to it
	at        string // which entry of a Bundle this is, if any

	status  int
	rec     *record
	ver     version
	remark  string
	changed bool
}

// write carries out ops as one step: all of them, or none and the fault that stopped it.
func (s *Server) write(ops []*op) error {
	for _, o := range ops {
		if err := s.check(o); err != nil {
			return locate(o.at, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.store.begin()
	if err := s.perform(t, ops); err != nil {
		t.rollback()
		return err
	}
	t.commit()
	s.announce(ops)
	return nil
}

// locate says which entry of a Bundle was at fault.
func locate(at string, err error) error {
	if at == "" || err == nil {
		return err
	}
	f := asFault(err)
	located := &fault{status: f.status, issues: slices.Clone(f.issues)}
	for n := range located.issues {
		is := &located.issues[n]
		is.Diagnostics = at + ": " + is.Diagnostics
		is.Expression = append([]string{at}, is.Expression...)
	}
	return located
}

// check refuses what can be seen to be wrong without looking at the store.
func (s *Server) check(o *op) error {
	if o.method == "DELETE" {
		return nil
	}
	body, err := compact(o.body, s.catalogue)
	if err != nil {
		return err
	}
	o.body = body
	doc := gjson.ParseBytes(body)
	if typ := doc.Get("resourceType").Str; typ != o.kind.name {
		return refuse(http.StatusBadRequest, "Incorrect resource type found, expected %q but found %q", o.kind.name, clip(typ))
	}
	if o.method == "PUT" && o.condition == "" {
		if err := o.checkID(doc.Get("id")); err != nil {
			return err
		}
	}
	if o.at == "" { // a Bundle has been validated as a whole
		if err := s.validate(body); err != nil {
			return err
		}
	}
	return s.checkSubscription(doc)
}

// checkID checks the id of an update. In a Bundle HAPI takes the one in the URL, whatever the body says.
func (o *op) checkID(inBody gjson.Result) error {
	switch id := o.id; {
	case !validID(id):
		return refuse(http.StatusBadRequest, "Invalid resource ID %q: 1 to 64 letters, digits, hyphens and dots", clip(id))
	case o.at != "":
		return nil
	case inBody.Str == "":
		return refuse(http.StatusBadRequest, "Can not update resource, resource body must contain an ID element for update (PUT) operation")
	case inBody.Str != id:
		return refuse(http.StatusBadRequest, "Can not update resource, resource body must contain an ID element which matches the request URL: %q is not %q",
			clip(inBody.Str), id)
	default:
		return nil
	}
}

// perform applies ops in the order that FHIR gives: deletes, creates, updates.
func (s *Server) perform(t *tx, ops []*op) error {
	for i, o := range ops {
		if err := s.target(t, o, ops[:i]); err != nil {
			return locate(o.at, err)
		}
	}
	if err := s.resolve(ops); err != nil {
		return err
	}
	for _, method := range []string{"DELETE", "POST", "PUT"} {
		for _, o := range ops {
			if o.method == method {
				if err := s.apply(t, o); err != nil {
					return locate(o.at, err)
				}
			}
		}
	}
	for _, o := range ops {
		if err := s.integrity(o); err != nil {
			return locate(o.at, err)
		}
	}
	return nil
}

// target settles which resource o is about, before any body is stored, so that entries can refer to each other.
func (s *Server) target(t *tx, o *op, earlier []*op) error {
	if o.condition != "" {
		if err := s.matchCondition(o, earlier); err != nil {
			return err
		}
	}
	if o.id == "" && o.method != "DELETE" {
		o.id = t.nextID()
	}
	return nil
}

// matchCondition looks for the resource that o's condition names. None is for the method to handle, several are refused.
func (s *Server) matchCondition(o *op, earlier []*op) error {
	q, err := s.catalogue.parseMatch(o.kind, conditionQuery(o.condition))
	if err != nil {
		return err
	}
	found := q.run(s.store)
	switch {
	case len(found) > 1:
		return refuse(http.StatusPreconditionFailed, "Failed to %s resource with match URL %q because this search matched %d resources",
			verb(o.method), clip(o.condition), len(found))
	case len(found) == 1:
		o.id = found[0].id
		if o.method == "POST" {
			o.settle(http.StatusOK, found[0])
		}
		return nil
	}
	for _, other := range earlier {
		if o.method == "POST" && other.method == "POST" && other.kind == o.kind && other.condition == o.condition {
			o.id, o.status = other.id, http.StatusOK
		}
	}
	return nil
}

// conditionQuery takes the query out of "Type?query", which some clients send in place of the query alone.
func conditionQuery(condition string) string {
	if _, query, isURL := strings.Cut(condition, "?"); isURL {
		return query
	}
	return condition
}

func verb(method string) string {
	return map[string]string{"POST": "create", "PUT": "update", "DELETE": "delete"}[method]
}

// settle notes the outcome of o.
func (o *op) settle(status int, rec *record) {
	o.status, o.rec, o.ver = status, rec, *rec.current()
}

func (s *Server) apply(t *tx, o *op) error {
	rec := s.store.find(o.kind.name, o.id)
	switch {
	case o.status != 0:
		o.settle(o.status, rec)
		return nil
	case o.method == "DELETE":
		s.applyDelete(t, o, rec)
		return nil
	case rec == nil && o.method == "PUT" && o.condition == "" && allDigits(o.id):
		return refuse(http.StatusBadRequest, "Can not create resource with ID[%s], no resource with this ID exists and clients may only assign IDs "+
			"which contain at least one non-numeric character", o.id)
	case rec != nil && o.ifMatch != "" && versionOf(o.ifMatch) != strconv.Itoa(rec.current().number):
		return refuse(http.StatusConflict, "Trying to update %s/_history/%s but this is not the current version",
			rec.ref(), clip(versionOf(o.ifMatch)))
	}
	if err := s.checkProfiles(o.body); err != nil {
		return err
	}
	if err := s.checkForm(o.body); err != nil {
		return err
	}
	status := http.StatusOK
	if rec == nil || rec.deleted() {
		status = http.StatusCreated
	}
	rec, o.changed = t.put(o.kind.name, o.id, o.method, o.body)
	o.settle(status, rec)
	return s.matchSelf(o)
}

// matchSelf refuses what would be created again on every replay, because its own condition does not find it.
func (s *Server) matchSelf(o *op) error {
	if o.method != "POST" || o.condition == "" {
		return nil
	}
	q, err := s.catalogue.parseMatch(o.kind, conditionQuery(o.condition))
	if err != nil {
		return err
	}
	if q.matches(s.store.table(o.kind.name), o.rec) {
		return nil
	}
	status := http.StatusBadRequest
	if o.at != "" {
		status = http.StatusPreconditionFailed // HAPI has one status for each way
	}
	return refuse(status, "Invalid conditional URL %q. The given resource is not matched by this URL.", clip(o.condition))
}

// applyDelete deletes, or says that there is nothing to delete, which is no error on HAPI.
func (s *Server) applyDelete(t *tx, o *op, rec *record) {
	o.status = http.StatusOK
	if rec == nil || rec.deleted() {
		o.remark = "Not deleted, resource " + o.kind.name + "/" + o.id + " does not exist or is already deleted"
		return
	}
	t.remove(rec)
	o.changed = true
	o.settle(http.StatusOK, rec)
	o.remark = "Successfully deleted 1 resource(s)"
}

// integrity checks that what was written refers to what exists, and that nobody refers to what was deleted.
func (s *Server) integrity(o *op) error {
	if s.lenient {
		return nil
	}
	if o.method == "DELETE" {
		if o.rec == nil {
			return nil
		}
		if other := s.store.referrer(o.rec.ref()); other != nil {
			return refuse(http.StatusConflict, "Unable to delete %s because at least one resource has a reference to this resource: %s",
				o.rec.ref(), other.ref())
		}
		return nil
	}
	if !o.changed {
		return nil
	}
	doc := o.rec.document()
	for _, p := range o.kind.params {
		if p.refers() {
			if err := s.store.checkReferences(p, doc); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkReferences refuses references that lead nowhere. Like HAPI it looks only where a search parameter looks.
func (s *store) checkReferences(p *param, doc gjson.Result) error {
	var err error
	p.each(doc, func(v gjson.Result, target string) {
		ref := v.Get("reference").String()
		if err != nil || ref == "" || target != "" || strings.HasPrefix(ref, "#") {
			return
		}
		err = s.checkReference(ref, doc.Get("resourceType").Str+":"+p.name)
	})
	return err
}

func (s *store) checkReference(ref, at string) error {
	typ, id, _ := strings.Cut(localReference(ref), "/")
	rec := s.find(typ, id)
	switch {
	case strings.HasPrefix(ref, "urn:"):
		return refuse(http.StatusBadRequest, "Unable to satisfy placeholder ID %s found in %s", clip(ref), at)
	case strings.Contains(ref, "://"):
		return refuse(http.StatusBadRequest, "Resource contains external reference to URL %q in %s but this server is not configured to allow external references",
			clip(ref), at)
	case typ != "" && s.catalogue[typ] == nil:
		return refuse(http.StatusUnprocessableEntity, "Invalid reference found in %s. Resource type %q is not valid", at, typ)
	case typ == "":
		return refuse(http.StatusBadRequest, "Invalid resource reference found in %s: %q", at, clip(ref))
	case rec == nil:
		return refuse(http.StatusBadRequest, "Resource %s not found, specified in %s", clip(ref), at)
	case rec.deleted():
		return refuse(http.StatusBadRequest, "Resource %s is deleted, specified in %s", clip(ref), at)
	}
	return nil
}

func (o *op) answer() *answer {
	return &answer{status: o.status, rec: o.rec, ver: o.ver, remark: o.remark}
}
