package sandbox

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// unknownTotal leaves total out of a Bundle.
const unknownTotal = -1

// bundle is a Bundle to be sent. Resources go into it as the bytes that are stored.
type bundle struct {
	ResourceType string        `json:"resourceType"`
	ID           string        `json:"id"`
	Meta         bundleMeta    `json:"meta"`
	Type         string        `json:"type"`
	Total        *int          `json:"total,omitempty"`
	Link         []bundleLink  `json:"link,omitempty"`
	Entry        []bundleEntry `json:"entry,omitempty"`
}

type bundleMeta struct {
	LastUpdated string `json:"lastUpdated"`
}

type bundleLink struct {
	Relation string `json:"relation"`
	URL      string `json:"url"`
}

type bundleEntry struct {
	FullURL  string          `json:"fullUrl,omitempty"`
	Resource json.RawMessage `json:"resource,omitempty"`
	Search   *bundleSearch   `json:"search,omitempty"`
	Request  *bundleRequest  `json:"request,omitempty"`
	Response *bundleResponse `json:"response,omitempty"`
}

type bundleSearch struct {
	Mode string `json:"mode"`
}

type bundleRequest struct {
	Method string `json:"method"`
	URL    string `json:"url"`
}

type bundleResponse struct {
	Status       string          `json:"status"`
	Location     string          `json:"location,omitempty"`
	ETag         string          `json:"etag,omitempty"`
	LastModified string          `json:"lastModified,omitempty"`
	Outcome      json.RawMessage `json:"outcome,omitempty"`
}

func newBundle(typ string, total int) *bundle {
	b := &bundle{ResourceType: "Bundle", ID: uuid.NewString(), Meta: bundleMeta{instant(time.Now())}, Type: typ}
	if total != unknownTotal {
		b.Total = &total
	}
	return b
}

func (b *bundle) link(relation, to string) { b.Link = append(b.Link, bundleLink{relation, to}) }

// found adds a resource that a search found.
func (b *bundle) found(base string, rec *record, mode string) {
	b.Entry = append(b.Entry, bundleEntry{
		FullURL:  base + "/" + rec.ref(),
		Resource: rec.current().body,
		Search:   &bundleSearch{mode},
	})
}

// past adds one version of a resource's history.
func (b *bundle) past(base string, rec *record, v version) {
	e := bundleEntry{
		FullURL:  base + "/" + rec.ref(),
		Resource: v.body,
		Request:  &bundleRequest{v.method, rec.ref()},
		Response: &bundleResponse{Status: "200 OK", ETag: etag(v.number), LastModified: instant(v.at)},
	}
	if v.method == "POST" {
		e.Request.URL = rec.typ
	}
	if v.number == 1 {
		e.Response.Status = "201 Created"
	}
	b.Entry = append(b.Entry, e)
}

func (b *bundle) answer() *answer { return &answer{status: 200, bundle: b} }

func etag(number int) string { return `W/"` + strconv.Itoa(number) + `"` }
