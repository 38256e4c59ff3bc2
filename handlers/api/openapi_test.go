package api

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"tongxing/core"
	"tongxing/handlers/web"
)

// spec is docs/openapi.yaml, and which of its responses were seen.
type spec struct {
	doc  *openapi3.T
	mu   sync.Mutex
	seen map[string]bool // "GET /passes 200"
}

func loadSpec(t *testing.T) *spec {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return &spec{doc: doc, seen: map[string]bool{}}
}

// find returns the operation of a request; nil if the document has none.
func (s *spec) find(method, path string) (template string, item *openapi3.PathItem, params map[string]string) {
	parts := strings.Split(strings.TrimPrefix(path, "/api/v1"), "/")
	for template, item := range s.doc.Paths.Map() {
		want := strings.Split(template, "/")
		if len(want) != len(parts) || item.GetOperation(method) == nil {
			continue
		}
		params, fits := map[string]string{}, true
		for i := range want {
			if strings.HasPrefix(want[i], "{") {
				params[strings.Trim(want[i], "{}")] = parts[i]
			} else {
				fits = fits && want[i] == parts[i]
			}
		}
		if fits {
			return template, item, params
		}
	}
	return "", nil, nil
}

// check compares a response with the document: status, headers and body.
func (s *spec) check(t *testing.T, r *http.Request, a answer) {
	t.Helper()
	template, item, params := s.find(r.Method, r.URL.Path)
	if item == nil {
		t.Errorf("%s %s is not in the document", r.Method, r.URL.Path)
		return
	}
	s.mu.Lock()
	s.seen[fmt.Sprintf("%s %s %d", r.Method, template, a.Status)] = true
	s.mu.Unlock()
	err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params,
			Route: &routers.Route{Spec: s.doc, Path: template, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)},
		},
		Status: a.Status, Header: a.Header, Body: io.NopCloser(strings.NewReader(a.Body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		t.Errorf("%s %s: the answer %d is not as documented: %v\n%s", r.Method, r.URL.Path, a.Status, err, a.Body)
	}
}

// answers lists every documented response.
func (s *spec) answers() []string {
	var all []string
	for template, item := range s.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				all = append(all, method+" "+template+" "+status)
			}
		}
	}
	slices.Sort(all)
	return all
}

func TestDocumentIsValid(t *testing.T) {
	s := loadSpec(t)
	if err := s.doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !s.doc.IsOpenAPI31OrLater() {
		t.Errorf("openapi %s", s.doc.OpenAPI)
	}
	for template, item := range s.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.OperationID == "" || operation.Summary == "" || len(operation.Tags) == 0 {
				t.Errorf("%s %s needs an id, a summary and a tag", method, template)
			}
		}
	}
}

// TestDocumentHasTheRoutes compares the document with the route table, both ways: the paths, and
// which of them are public.
func TestDocumentHasTheRoutes(t *testing.T) {
	s := loadSpec(t)
	documented, routed := map[string]bool{}, map[string]bool{}
	for template, item := range s.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			anybody := operation.Security != nil && len(*operation.Security) == 0
			documented[fmt.Sprintf("%s %s public=%v", method, template, anybody)] = true
		}
	}
	for _, r := range New(Options{}).Routes() {
		path, ok := strings.CutPrefix(r.Path, "/api/v1")
		if !ok {
			t.Errorf("%s is outside the API", r.Path)
		}
		parts := strings.Split(path, "/")
		for i, part := range parts {
			if name, ok := strings.CutPrefix(part, ":"); ok {
				parts[i] = "{" + name + "}"
			}
		}
		routed[fmt.Sprintf("%s %s public=%v", r.Method, strings.Join(parts, "/"), r.Access == web.Public)] = true
	}
	if !maps.Equal(documented, routed) {
		t.Errorf("documented:\n%s\nrouted:\n%s", lines(documented), lines(routed))
	}
}

func lines(set map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(set)), "\n") }

// TestDocumentHasTheReasons: every reason that a rule may return is documented.
func TestDocumentHasTheReasons(t *testing.T) {
	var documented []string
	for _, value := range loadSpec(t).doc.Components.Schemas["Reason"].Value.Enum {
		documented = append(documented, value.(string))
	}
	var known []string
	for _, reason := range core.Reasons() {
		known = append(known, string(reason))
	}
	if !slices.Equal(documented, known) {
		t.Errorf("documented %v\nknown      %v", documented, known)
	}
}

// TestEveryDocumentedAnswer makes every operation return every documented response, and compares
// them with the document.
func TestEveryDocumentedAnswer(t *testing.T) {
	s := newSite(t)
	token, nobody := s.enter("one"), s.signIn("two")
	pass := "/passes/" + s.Residents[0].Pass.String()
	absent := "/passes/" + s.Residents[1].Pass.String()
	login := func() string { return codeJSON(s.sim.MintLoginCode("one", miniApp)) }
	phone := func() string { return codeJSON(s.sim.MintPhoneCode("one", miniApp)) }

	waiting := func(house int) string { return s.applied(token, house).ID.String() }
	open := waiting(1)
	photo := read[photoBody](s.ok(call{
		method: "POST", path: "/photos", token: token, body: pictureForm(t, 40, 30), contentType: pictureFormKind,
	})).ID.String()

	home, visit, slips := s.household(token), s.invited(token), s.exitSlips(token)
	family, dedicated := s.familyPass(token), s.memberPass(token)
	urgent := func() string { return `{"reason":"就医"}` }
	operations := []struct {
		method, path, below string        // below = appended to a pass
		body                func() string // nil = none
		public              bool
		bad                 string      // an invalid query
		kind                string      // of the body; "" = JSON
		conflict            func() call // nil = without a mini-program
		needsPhone          bool
		absent              string // a path of something that is not the caller's
	}{
		{method: "GET", path: "/session"},
		{method: "GET", path: "/passes", needsPhone: true},
		{method: "GET", path: "/communities"},
		{
			method: "GET", path: "/communities/" + s.Community.String() + "/houses", bad: "?node=x",
			absent: "/communities/77/houses",
		},
		{method: "GET", path: "/certifications", needsPhone: true},
		{
			method: "POST", path: "/certifications", body: func() string { return s.application(0, "王小明") },
			conflict: s.tooManyCertifications,
		},
		{
			method: "POST", path: "/certifications/" + open + "/withdraw", absent: "/certifications/77/withdraw",
			conflict: func() call {
				first := waiting(0) // which the next one supersedes
				waiting(0)
				return call{method: "POST", path: "/certifications/" + first + "/withdraw", token: token}
			},
		},
		{method: "GET", path: "/households", needsPhone: true},
		{
			method: "POST", path: home.add, body: func() string { return `{"name":"周三","identity":"family"}` },
			absent: "/households/77/members",
			conflict: func() call {
				return call{
					method: "POST", path: home.add, token: token, body: `{"name":"` + s.Residents[0].Name + `","identity":"family"}`,
				}
			},
		},
		{method: "POST", path: home.remove, absent: "/households/members/77/remove"},
		{
			method: "POST", path: home.decide, body: func() string { return `{"approve":true,"version":1}` },
			absent: "/households/applications/77",
			conflict: func() call {
				return call{method: "POST", path: home.decide, token: token, body: `{"approve":true,"version":9}`}
			},
		},
		{method: "GET", path: "/visitors", needsPhone: true},
		{method: "GET", path: "/visits", needsPhone: true},
		{
			method: "GET", path: "/visitor-form?house_id=" + s.Houses[0].String(), needsPhone: true, bad: "x",
			absent: "/visitor-form?house_id=77",
		},
		{method: "GET", path: "/visitors/" + visit.id, needsPhone: true, absent: "/visitors/77"},
		{method: "GET", path: "/visits/" + visit.code, public: true, absent: "/visits/none"},
		{
			method: "POST", path: "/visits/" + visit.code + "/token", public: true, bad: "?image=gif", absent: "/visits/none/token",
			conflict: func() call {
				return call{method: "POST", path: "/visits/" + s.revoked(token).code + "/token"}
			},
		},
		{
			method: "POST", path: "/visitors/" + visit.id + "/revoke", absent: "/visitors/77/revoke",
			conflict: func() call {
				return call{method: "POST", path: "/visitors/" + s.revoked(token).id + "/revoke", token: token}
			},
		},
		{
			method: "GET", path: "/visit-form?community_id=" + s.Community.String(), needsPhone: true, bad: "x",
			absent: "/visit-form?community_id=77",
		},
		{
			method: "POST", path: "/visitors/" + s.booked() + "/answer", body: func() string { return `{"approve":true}` },
			absent: "/visitors/77/answer",
			conflict: func() call {
				return call{method: "POST", path: "/visitors/" + s.invited(token).id + "/answer", token: token, body: `{"approve":true}`}
			},
		},
		{
			method: "POST", path: "/visits", body: func() string { return s.visitBy("13700000001") },
			conflict: func() call {
				s.bar("13700000099")
				return call{method: "POST", path: "/visits", token: token, body: s.visitBy("13700000099"), header: s.newKey()}
			},
		},
		{
			method: "POST", path: "/visitors", body: func() string { return s.invitation(s.Houses[0]) },
			conflict: func() call { return s.tooManyVisitors(token) },
		},
		{method: "GET", path: "/exitslip-form", needsPhone: true},
		{method: "GET", path: "/exitslips", needsPhone: true},
		{method: "GET", path: "/exitslips/" + slips.own, needsPhone: true, absent: "/exitslips/77"},
		{
			method: "POST", path: "/exitslips/" + slips.own + "/withdraw", absent: "/exitslips/77/withdraw",
			conflict: func() call {
				return call{method: "POST", path: "/exitslips/" + slips.withdrawn + "/withdraw", token: token}
			},
		},
		{
			method: "POST", path: "/exitslips/" + slips.asked + "/answer", body: func() string { return `{"approve":true}` },
			absent: "/exitslips/77/answer",
			conflict: func() call {
				return call{method: "POST", path: "/exitslips/" + slips.decided + "/answer", token: token, body: `{"approve":true}`}
			},
		},
		{
			method: "POST", path: "/exitslips", body: func() string { return s.slipOf(s.Houses[0]) },
			conflict: func() call { return s.tooManySlips(token) },
		},
		{method: "GET", path: "/messages", needsPhone: true},
		{method: "POST", path: "/messages/channel?first=template", bad: "x"},
		{method: "GET", path: "/residences", needsPhone: true},
		{method: "POST", path: home.accept, absent: "/residences/77/accept"},
		{
			method: "POST", path: home.leave, absent: "/residences/77/leave",
			conflict: func() call {
				return call{method: "POST", path: "/residences/" + s.Residents[0].ID.String() + "/leave", token: token}
			},
		},
		{method: "GET", below: ""},
		{method: "GET", path: "/looks", needsPhone: true, bad: "?limit=1000"},
		{method: "GET", below: "/family"},
		{
			method: "POST", below: "/urgent", body: urgent,
			conflict: func() call {
				return call{method: "POST", path: "/passes/" + dedicated + "/urgent", token: token, body: urgent()}
			},
		},
		{
			method: "POST", below: "/vouch", body: aidBody(family),
			conflict: func() call {
				return call{method: "POST", path: "/passes/" + dedicated + "/vouch", token: token, body: aidBody(family)()}
			},
		},
		{
			method: "POST", path: "/visits/" + s.bookedCode() + "/withdraw", public: true, absent: "/visits/none/withdraw",
			conflict: func() call {
				return call{method: "POST", path: "/visits/" + s.revoked(token).code + "/withdraw"}
			},
		},
		{method: "GET", below: "/preview", bad: "?direction=up"},
		{method: "GET", below: "/records", bad: "?limit=1000"},
		{method: "POST", below: "/token", bad: "?image=gif"},
		{method: "POST", path: "/phone", body: phone},
		{method: "POST", path: "/name", body: func() string { return `{"name":"李四"}` }, conflict: s.tooManyNames},
		{method: "POST", path: "/session", body: login, public: true},
		{
			method: "POST", path: "/photos", body: func() string { return pictureForm(t, 40, 30) }, kind: pictureFormKind,
			conflict: s.tooManyPhotos,
		},
		{method: "GET", path: "/photos/" + photo, bad: "?part=half", absent: "/photos/77"},
		{method: "DELETE", path: "/session"},
	}
	limited := func() *web.App {
		return s.newApp(web.Options{Limits: web.Limits{AddressPerMinute: 1, AccountPerMinute: 1}})
	}
	without := web.New(web.Options{Store: s.api.store, Cache: web.RedisCache(s.redis, s.api.store, nil)})
	without.Register(New(Options{Store: s.api.store, Gate: s.gate}).Routes()...)
	hurried := s.newApp(web.Options{RequestTime: time.Nanosecond})
	for _, o := range operations {
		ofPass := o.path == ""
		path := o.path
		if ofPass {
			path = pass + o.below
		}
		c := func() call {
			c := call{method: o.method, path: path, token: token, contentType: o.kind, header: s.newKey()}
			if o.body != nil {
				c.body = o.body()
			}
			return c
		}
		with := func(change func(c *call)) call { changed := c(); change(&changed); return changed }

		if !o.public {
			s.fails(401, "unauthenticated", with(func(c *call) { c.token = "" }))
		}
		if ofPass || o.needsPhone {
			s.fails(403, "phone_required", with(func(c *call) { c.token = nobody }))
		} else if o.method != "GET" {
			s.fails(403, "forbidden", with(func(c *call) { c.header = map[string]string{"Sec-Fetch-Site": "cross-site"} }))
		}
		if ofPass {
			s.fails(404, "not_found", with(func(c *call) { c.path = absent + o.below }))
		}
		if o.absent != "" {
			s.fails(404, "not_found", with(func(c *call) { c.path = o.absent }))
		}
		if o.body == nil && o.conflict != nil {
			s.fails(409, "conflict", o.conflict())
		}
		if o.body != nil {
			s.fails(413, "too_large", with(func(c *call) { c.body = codeJSON(strings.Repeat("x", 12<<20)) }))
			s.fails(422, "invalid", with(func(c *call) { c.body = "{}" }))
			conflict := with(func(c *call) { c.app = without })
			if o.conflict != nil {
				conflict = o.conflict()
			}
			s.fails(409, "conflict", conflict)
		}
		if o.bad != "" {
			s.fails(422, "invalid", with(func(c *call) { c.path += o.bad }))
		}
		app := limited()
		s.ok(call{app: app, method: "GET", path: "/session", token: nobody}) // the only call there is
		s.fails(429, "rate_limited", with(func(c *call) { c.app = app; c.token = nobody }))
		s.fails(503, "timeout", with(func(c *call) { c.app = hurried }))
		if o.method == "DELETE" {
			token = s.signIn("one") // it may have ended above
		}
		s.ok(c())
	}
	token = s.signIn("one")
	s.closeStore()
	for _, o := range operations {
		path, body := o.path, ""
		if path == "" {
			path = pass + o.below
		}
		if o.body != nil {
			body = o.body()
		}
		s.fails(500, "internal", call{method: o.method, path: path, token: token, body: body, contentType: o.kind, header: s.newKey()})
	}
	if got, want := slices.Sorted(maps.Keys(s.spec.seen)), s.spec.answers(); !slices.Equal(got, want) {
		t.Errorf("seen:\n%s\ndocumented:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// tooManyNames returns a call by somebody who has stated as many wrong names as a day allows.
func (s *site) tooManyNames() call {
	s.t.Helper()
	wrong := call{method: "POST", path: "/name", token: s.enter("stranger"), body: `{"name":"不是我"}`}
	for range core.MaxNameMisses {
		s.ok(wrong)
	}
	return wrong
}
