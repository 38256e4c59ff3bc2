package open

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/secret"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// site is the API with two estates and a client of the first.
type site struct {
	t            *testing.T
	store        *store.Store
	app          *web.App
	mine, others *estate.Estate
	now          time.Time
	client       core.OpenClient
	secret       string
}

var operator = core.Actor{Kind: core.ActorAccount, ID: 1, Name: "运维", Operator: true}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, now: time.Date(2026, 11, 29, 3, 0, 0, 0, time.UTC)}
	s.store = estate.Store(t, store.Options{Now: func() time.Time { return s.now }})
	s.mine, s.others = estate.New(t, s.store, estate.Plan{}), estate.New(t, s.store, estate.Plan{})
	s.app = web.New(web.Options{Store: s.store})
	s.app.Register(New(s.store).Routes()...)
	id, text, err := s.store.CreateOpenClient(t.Context(), operator, core.OpenClient{
		Name: "收费软件", Calls: []core.OpenCall{core.CallCommunityList, core.CallHouseArrears}, Rate: 20,
		Scope: core.ScopeOf(s.mine.Community),
	})
	if err == nil {
		s.client, err = s.store.OpenClient(t.Context(), core.Everywhere, id)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.secret = text
	return s
}

// made is a call before it is sent; a test spoils it.
type made struct {
	method, path, body string
	client, secret     string
	at                 time.Time
	nonce              string
	spoil              func(r *http.Request)
}

func (s *site) call(method, path, body string) made {
	return made{method: method, path: path, body: body, client: s.client.Key, secret: s.secret, at: s.now, nonce: secret.Hex(16)}
}

// answer is what came back.
type answer struct {
	Status  int
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Data    json.RawMessage   `json:"data"`
	Fields  map[string]string `json:"fields"`
	Request string            `json:"request_id"`
}

func (s *site) send(m made) answer {
	s.t.Helper()
	r := httptest.NewRequest(m.method, m.path, strings.NewReader(m.body))
	r.Header.Set(HeaderClient, m.client)
	r.Header.Set(HeaderTime, strconv.FormatInt(m.at.Unix(), 10))
	r.Header.Set(HeaderNonce, m.nonce)
	signed := requestOf(m.method, r.URL, []byte(m.body))
	signed.Time, signed.Nonce = m.at.Unix(), m.nonce
	r.Header.Set(HeaderSignature, Sign(m.secret, signed))
	if m.spoil != nil {
		m.spoil(r)
	}
	w := httptest.NewRecorder()
	s.app.ServeHTTP(w, r)
	a := answer{Status: w.Code}
	text, err := io.ReadAll(w.Result().Body)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil || a.Request == "" {
		s.t.Fatalf("%s %s: %d %q, %v", m.method, m.path, w.Code, text, err)
	}
	return a
}

func (s *site) arrears(community core.ID) string {
	return Prefix + "/communities/" + community.String() + "/arrears"
}

// The examples of the document, which other makers check their own code by.
func TestDocumentedSignature(t *testing.T) {
	text, err := os.ReadFile("../../docs/openapi-open.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []Request{
		{
			Method: http.MethodPut, Path: "/api/open/v1/communities/273409712347648001/arrears", Time: 1795921200,
			Nonce: "4f1c9d0e7a2b4c6d8e0f",
			Body:  []byte(`{"house":"3-2-1502","amount":"1280.50","remark":"2026年物业费"}`),
		},
		{
			Method: http.MethodGet, Path: "/api/open/v1/communities", Query: "b=2&a=%E4%B8%80&a=1", Time: 1795921201,
			Nonce: "0123456789abcdef",
		},
	} {
		signature := Sign("VGhpcyBpcyBub3QgYSByZWFsIHNlY3JldC4", r)
		if !strings.Contains(string(text), r.Text()) || !strings.Contains(string(text), signature) {
			t.Errorf("the document lacks the text\n%s\nor its signature %s", r.Text(), signature)
		}
	}
	for _, call := range core.OpenCalls {
		if !strings.Contains(string(text), call.Method+" "+strings.ReplaceAll(call.Path, ":id", "{id}")) {
			t.Errorf("the document lacks %s", call.Call)
		}
	}
}

// What a house owes is set, told back, and set again without a second line in the log; other houses and communities stay.
func TestArrearsAreSetBySoftware(t *testing.T) {
	s := newSite(t)
	got := s.send(s.call(http.MethodGet, Prefix+"/communities", ""))
	if got.Status != http.StatusOK || !strings.Contains(string(got.Data), s.mine.Community.String()) ||
		strings.Contains(string(got.Data), s.others.Community.String()) {
		t.Errorf("communities: %+v %s", got, got.Data)
	}
	house, err := s.store.House(t.Context(), core.Everywhere, s.mine.Houses[0])
	if err != nil {
		t.Fatal(err)
	}
	body := `{"house":"` + house.Label + `","amount":"1280.50","remark":"2026年物业费"}`
	for i, changed := range []string{"true", "false"} {
		got = s.send(s.call(http.MethodPut, s.arrears(s.mine.Community), body))
		if got.Status != http.StatusOK || got.Code != "ok" || !strings.Contains(string(got.Data), `"changed":`+changed) {
			t.Errorf("call %d: %+v %s", i, got, got.Data)
		}
	}
	house, err = s.store.House(t.Context(), core.Everywhere, house.ID)
	if err != nil || house.ArrearsFen != 128_050 || house.Remark != "2026年物业费" {
		t.Errorf("the house: %+v, %v", house, err)
	}
	lines, _, err := s.store.AuditRecords(t.Context(), core.Everywhere, core.AuditFilter{Action: "house.arrears"}, store.Page{Limit: 9})
	if err != nil || len(lines) != 1 || lines[0].Actor.Kind != core.ActorClient || lines[0].Actor.Name != "收费软件" {
		t.Errorf("the log: %+v, %v", lines, err)
	}
	for amount, words := range map[string]string{
		`""`: "请填写金额，缴清写 0", `" "`: "请填写金额，缴清写 0", `null`: "请填写金额，缴清写 0", `"元"`: "请填写金额，如 1280.50，不超过 1000 万元",
		`","`: "请填写金额，如 1280.50，不超过 1000 万元", `0`: "amount 请写成文本，加双引号",
	} {
		got := s.send(s.call(http.MethodPut, s.arrears(s.mine.Community), `{"house":"`+house.Label+`","amount":`+amount+`}`))
		if got.Status != http.StatusUnprocessableEntity || got.Message != words || got.Fields["amount"] != words {
			t.Errorf("amount %s: %+v", amount, got)
		}
	}
	got = s.send(s.call(http.MethodPut, s.arrears(s.mine.Community), `{"house":"`+house.Label+`","amount":"7"}`))
	if house, err = s.store.House(t.Context(), core.Everywhere, house.ID); err != nil || got.Status != http.StatusOK ||
		house.ArrearsFen != 700 || house.Remark != "2026年物业费" {
		t.Errorf("without a remark: %+v, %+v, %v", got, house, err)
	}
	for name, call := range map[string]struct {
		body   string
		path   string
		status int
	}{
		"no such house":     {`{"house":"99-9-999","amount":"1"}`, s.arrears(s.mine.Community), http.StatusUnprocessableEntity},
		"no amount":         {`{"house":"1-1-101"}`, s.arrears(s.mine.Community), http.StatusUnprocessableEntity},
		"no number":         {`{"house":"1-1-101","amount":"many"}`, s.arrears(s.mine.Community), http.StatusUnprocessableEntity},
		"no object":         {`["5"]`, s.arrears(s.mine.Community), http.StatusUnprocessableEntity},
		"no JSON":           {`{`, s.arrears(s.mine.Community), http.StatusUnprocessableEntity},
		"another community": {body, s.arrears(s.others.Community), http.StatusNotFound},
		"none":              {body, Prefix + "/communities/x/arrears", http.StatusNotFound},
	} {
		if got := s.send(s.call(http.MethodPut, call.path, call.body)); got.Status != call.status || got.Message == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A call with anything wrong about its signature is refused in the same words, and changes nothing.
func TestWrongSignaturesAreRefused(t *testing.T) {
	s := newSite(t)
	body := `{"house":"1-1-101","amount":"5"}`
	header := func(name, value string) func(made) made {
		return func(m made) made {
			m.spoil = func(r *http.Request) { r.Header.Set(name, value) }
			return m
		}
	}
	refused := map[string]func(made) made{
		"another secret": func(m made) made { m.secret = "x"; return m },
		"another client": func(m made) made { m.client = "tx000000000000000000"; return m },
		"too old":        func(m made) made { m.at = s.now.Add(-301 * time.Second); return m },
		"too new":        func(m made) made { m.at = s.now.Add(301 * time.Second); return m },
		"a short nonce":  func(m made) made { m.nonce = "short"; return m },
		"another body": func(m made) made {
			m.spoil = func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(body + " ")) }
			return m
		},
		"another query": func(m made) made { m.spoil = func(r *http.Request) { r.URL.RawQuery = "a=1" }; return m },
		"another path": func(m made) made {
			m.spoil = func(r *http.Request) { r.URL.Path = s.arrears(s.others.Community) }
			return m
		},
		"another method": func(m made) made {
			m.method, m.path = http.MethodGet, Prefix+"/communities"
			m.spoil = spoilSignature
			return m
		},
		"a flipped bit":   func(m made) made { m.spoil = spoilSignature; return m },
		"no time":         header(HeaderTime, ""),
		"no number":       header(HeaderTime, "now"),
		"another time":    header(HeaderTime, strconv.FormatInt(s.now.Unix()+1, 10)),
		"another nonce":   header(HeaderNonce, "0123456789abcdef"),
		"no signature":    header(HeaderSignature, ""),
		"no client":       header(HeaderClient, ""),
		"a long client":   header(HeaderClient, strings.Repeat("x", 100)),
		"two signatures":  func(m made) made { m.spoil = func(r *http.Request) { r.Header.Add(HeaderSignature, "x") }; return m },
		"letters too big": func(m made) made { m.spoil = upperSignature; return m },
	}
	for name, spoil := range refused {
		if got := s.send(spoil(s.call(http.MethodPut, s.arrears(s.mine.Community), body))); got.Status != http.StatusUnauthorized ||
			got.Message != "签名无效" || string(got.Data) != "null" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	again := s.call(http.MethodGet, Prefix+"/communities", "")
	if got := s.send(again); got.Status != http.StatusOK {
		t.Fatalf("the first: %+v", got)
	}
	if got := s.send(again); got.Status != http.StatusUnauthorized {
		t.Errorf("the same again: %+v", got)
	}
	s.now = s.now.Add(core.OpenNonce + core.OpenClock + time.Minute)
	if err := s.store.PurgeOpenNonces(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.send(again); got.Status != http.StatusUnauthorized {
		t.Errorf("the same once its nonce is forgotten: %+v", got)
	}
}

func spoilSignature(r *http.Request) {
	text := []byte(r.Header.Get(HeaderSignature))
	text[5] ^= 1
	r.Header.Set(HeaderSignature, string(text))
}

func upperSignature(r *http.Request) {
	r.Header.Set(HeaderSignature, strings.ToUpper(r.Header.Get(HeaderSignature))+"A")
}

// Two secrets are good while the other system changes over; the retired one is not. A client that is disabled, or has not
// the call, is refused; so is one that calls too often, for as long as it is told.
func TestClientsAreLimited(t *testing.T) {
	s := newSite(t)
	list := func(secret string) answer {
		m := s.call(http.MethodGet, Prefix+"/communities", "")
		m.secret = secret
		return s.send(m)
	}
	newer, err := s.store.RotateOpenClient(t.Context(), operator, s.client.ID)
	if err != nil {
		t.Fatal(err)
	}
	if list(newer).Status != http.StatusOK || list(s.secret).Status != http.StatusOK {
		t.Error("one of two secrets is refused")
	}
	if _, err := s.store.RotateOpenClient(t.Context(), operator, s.client.ID); !core.IsConflict(err) {
		t.Errorf("a third secret: %v", err)
	}
	client, err := s.store.OpenClient(t.Context(), core.Everywhere, s.client.ID)
	if err != nil || len(client.Secrets) != 2 || client.Secrets[1].Used.IsZero() || client.Used.IsZero() {
		t.Fatalf("%+v, %v", client, err)
	}
	if err := s.store.RetireOpenClient(t.Context(), operator, client.ID, client.Secrets[1].ID); err != nil {
		t.Fatal(err)
	}
	if list(s.secret).Status != http.StatusUnauthorized || list(newer).Status != http.StatusOK {
		t.Error("the retired secret is good, or the other is not")
	}
	if err := s.store.RetireOpenClient(t.Context(), operator, client.ID, client.Secrets[0].ID); !core.IsConflict(err) {
		t.Errorf("the last secret: %v", err)
	}
	client.Calls, client.Rate = []core.OpenCall{core.CallHouseArrears}, 1
	if _, err := s.store.UpdateOpenClient(t.Context(), operator, client); err != nil {
		t.Fatal(err)
	}
	for range core.OpenBurst { // refused calls count
		if got := list(newer); got.Status != http.StatusForbidden {
			t.Errorf("a call that is not allowed: %+v", got)
		}
	}
	if got := list(newer); got.Status != http.StatusTooManyRequests || got.Code != "rate_limited" {
		t.Errorf("too many: %+v", got)
	}
	s.now = s.now.Add(time.Second)
	if got := list(newer); got.Status != http.StatusForbidden {
		t.Errorf("a second later: %+v", got)
	}
	if err := s.store.DisableOpenClient(t.Context(), operator, client.ID); err != nil {
		t.Fatal(err)
	}
	if got := list(newer); got.Status != http.StatusUnauthorized {
		t.Errorf("disabled: %+v", got)
	}
	clerk := core.Actor{Kind: core.ActorAccount, ID: 2, Name: "客服"}
	if _, _, err := s.store.CreateOpenClient(t.Context(), clerk, client); core.CodeOf(err) != core.CodeForbidden {
		t.Errorf("a clerk adds a client: %v", err)
	}
}
