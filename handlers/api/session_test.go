package api

import (
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// TestFirstDay follows a resident: sign-in, phone number, passes, token, door, and the record of
// it.
func TestFirstDay(t *testing.T) {
	s := newSite(t)
	me := s.Residents[0]

	a := s.ok(call{method: "POST", path: "/session", body: codeJSON(s.sim.MintLoginCode("one", miniApp))})
	session := read[sessionBody](a)
	if a.Status != 201 || session.User.PhoneVerified {
		t.Fatalf("%d %+v", a.Status, session)
	}
	token := session.Token
	s.fails(403, "phone_required", call{method: "GET", path: "/passes", token: token})

	phone := read[phoneBody](s.ok(call{method: "POST", path: "/phone", token: token, body: s.phoneJSON("one")}))
	if phone.Ties != 1 || phone.Phone != core.MaskPhone(me.Phone) {
		t.Errorf("%+v", phone)
	}
	if !read[sessionBody](s.ok(call{method: "GET", path: "/session", token: token})).User.PhoneVerified {
		t.Error("the phone is verified, the session does not say so")
	}

	passes := read[struct{ Passes []passBody }](s.ok(call{method: "GET", path: "/passes", token: token})).Passes
	if len(passes) != 1 || passes[0].ID != me.Pass || passes[0].Name != me.Name || passes[0].House.ID != me.House ||
		passes[0].Community.ID != s.Community || passes[0].IdentityText != "业主" || passes[0].Rule != "进门、出门均不限次数和时间" ||
		!passes[0].Preview.Allowed {
		t.Fatalf("%+v", passes)
	}
	path := "/passes/" + passes[0].ID.String()

	issued := read[tokenBody](s.ok(call{method: "POST", path: path + "/token", token: token}))
	result := s.gate.Scan(t.Context(), s.Doors[0].ID, issued.Text)
	if !result.Decision.Allowed {
		t.Fatalf("%+v", result.Decision)
	}
	records := s.records(token, path+"/records").Records
	if len(records) != 1 || records[0].ID != result.Record.ID || !records[0].Allowed || records[0].Direction != core.Out ||
		records[0].Gate != s.Doors[0].Name || records[0].ViaText != "门禁读头" {
		t.Errorf("%+v", records)
	}
	if again := s.gate.Scan(
		t.Context(),
		s.AddDoor(core.Reader{Name: "西门", Serial: "DEV09", Protocol: core.ProtocolVguang, Direction: core.Out}).ID,
		issued.Text,
	); again.Decision.Allowed {
		t.Error("a door opened on a used token")
	}
	refused := s.records(token, path+"/records").Records
	if len(refused) != 2 || refused[0].Allowed || refused[0].Reason != core.ReasonTokenUsed {
		t.Errorf("%+v", refused)
	}

	if a := s.ok(call{method: "DELETE", path: "/session", token: token}); a.Status != 204 || a.Body != "" {
		t.Errorf("%d %q", a.Status, a.Body)
	}
	s.fails(401, "unauthenticated", call{method: "GET", path: "/passes", token: token})
}

func (s *site) records(token, path string) recordsBody {
	s.t.Helper()
	return read[recordsBody](s.ok(call{method: "GET", path: path, token: token}))
}

// A sign-in from within the mini-program proves that this server is among the domains that it may call; one from
// anywhere else proves nothing.
func TestSignInProvesTheDomain(t *testing.T) {
	s := newSite(t)
	id, err := s.api.store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatMini, Name: "通行", AppID: miniApp, Scope: core.Everywhere},
		Keys: core.WechatKeys{Secret: strings.Repeat("s", 32)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, referer := range []string{"", "https://servicewechat.com/" + miniApp + "/3/page-frame.html"} {
		s.ok(call{
			method: "POST", path: "/session", body: codeJSON(s.sim.MintLoginCode("one", miniApp)),
			header: map[string]string{"Referer": referer},
		})
		steps, err := s.api.store.WechatAppSteps(t.Context(), id)
		if proven := steps[core.WechatStepServer].Done(); err != nil || proven != (i == 1) {
			t.Errorf("called from %q: %+v, %v", referer, steps, err)
		}
	}
}

func TestLoginCodes(t *testing.T) {
	s := newSite(t)
	used := s.sim.MintLoginCode("one", miniApp)
	s.ok(call{method: "POST", path: "/session", body: codeJSON(used)})
	for name, code := range map[string]string{
		"used":        used,
		"foreign":     s.sim.MintLoginCode("one", otherMini),
		"phone's":     s.sim.MintPhoneCode("one", miniApp),
		"invented":    "0123456789abcdef",
		"SQL":         "x' OR '1'='1",
		"HTML":        "<script>alert(1)</script>",
		"of an URL":   "a&js_code=b#c?d/..",
		"with spaces": "  ",
	} {
		if body := s.fails(422, "invalid", call{method: "POST", path: "/session", body: codeJSON(code)}); body.Fields["code"] == "" {
			t.Errorf("%s: fields %v", name, body.Fields)
		}
	}
	s.fails(403, "forbidden", call{method: "POST", path: "/session", body: codeJSON(s.sim.MintLoginCode("risky", miniApp))})
	if log := s.log.String(); strings.Contains(log, used) || strings.Contains(log, "DROP") {
		t.Error("a code is in the log")
	}
}

func TestPhoneCodes(t *testing.T) {
	s := newSite(t)
	token := s.signIn("one")
	used := s.sim.MintPhoneCode("one", miniApp)
	s.ok(call{method: "POST", path: "/phone", token: token, body: codeJSON(used)})
	for name, code := range map[string]string{
		"used":     used,
		"foreign":  s.sim.MintPhoneCode("one", otherMini),
		"login's":  s.sim.MintLoginCode("one", miniApp),
		"invented": strings.Repeat("a", 64),
	} {
		if body := s.fails(422, "invalid", call{
			method: "POST", path: "/phone", token: token, body: codeJSON(code),
		}); body.Fields["code"] == "" {
			t.Errorf("%s: fields %v", name, body.Fields)
		}
	}
	if strings.Contains(s.log.String(), s.Residents[0].Phone) {
		t.Error("a phone number is in the log")
	}
}

// A number alone makes nobody of the register of its holder: the name decides, and a wrong one is answered like one of a
// number that nobody has.
func TestNumberWithoutItsName(t *testing.T) {
	s := newSite(t)
	one, stranger := s.signIn("one"), s.enter("stranger")
	s.ok(call{method: "POST", path: "/phone", token: one, body: codeJSON(s.sim.MintPhoneCode("one", miniApp))})
	wrong := call{method: "POST", path: "/name", body: `{"name":"李四"}`}
	var answers []string
	for _, token := range []string{one, stranger} {
		wrong.token = token
		answers = append(answers, s.ok(wrong).Body)
	}
	if answers[0] != answers[1] {
		t.Errorf("%q differs from %q", answers[0], answers[1])
	}
	passes := call{method: "GET", path: "/passes", token: one}
	if a := s.ok(passes); strings.TrimSpace(a.Body) != `{"passes":[],"subscribe_templates":[]}` {
		t.Errorf("a number alone opened %s", a.Body)
	}
	right := read[nameBody](s.ok(call{method: "POST", path: "/name", token: one, body: `{"name":"` + s.Residents[0].Name + `"}`}))
	if got := read[struct{ Passes []passBody }](s.ok(passes)).Passes; right.Ties != 1 || len(got) != 1 {
		t.Errorf("%+v, passes %+v", right, got)
	}
}

// TestUnknownPhone: a person in no register learns that, and gets the pass once the number is
// registered, without verifying it again.
func TestUnknownPhone(t *testing.T) {
	s := newSite(t)
	token := s.signIn("stranger")
	phone := read[phoneBody](s.ok(call{
		method: "POST", path: "/phone", token: token, body: codeJSON(s.sim.MintPhoneCode("stranger", miniApp)),
	}))
	if phone.Ties != 0 || phone.Message != "手机号已验证，请填写姓名" {
		t.Errorf("%+v", phone)
	}
	named := read[nameBody](s.ok(call{method: "POST", path: "/name", token: token, body: `{"name":"陌生人"}`}))
	if named.Ties != 0 || !strings.Contains(named.Message, "没有找到") {
		t.Errorf("%+v", named)
	}
	a := s.ok(call{method: "GET", path: "/passes", token: token})
	if strings.TrimSpace(a.Body) != `{"passes":[],"subscribe_templates":[]}` {
		t.Errorf("%s", a.Body)
	}
	s.fails(404, "not_found", call{method: "GET", path: "/passes/" + s.Residents[0].Pass.String(), token: token})
}

// TestOnePersonTwoApps: a follower of the official account is the same user in the mini-program.
func TestOnePersonTwoApps(t *testing.T) {
	s := newSite(t)
	known, err := s.Store.SignInWechat(t.Context(), core.WechatIdentity{
		AppID: "wx00000000000000aa", OpenID: "o-of-the-account", UnionID: s.sim.UnionID("one"),
	})
	if err != nil {
		t.Fatal(err)
	}
	session := read[sessionBody](s.ok(call{method: "GET", path: "/session", token: s.enter("one")}))
	if session.User.ID != known.ID {
		t.Errorf("user %v, but the account knows %v", session.User.ID, known.ID)
	}
}

func TestSessionsEnd(t *testing.T) {
	s := newSite(t)
	first, second := s.enter("one"), s.signIn("one")
	if first == second {
		t.Fatal("two sign-ins, one token")
	}
	s.ok(call{method: "DELETE", path: "/session", token: first})
	s.fails(401, "unauthenticated", call{method: "GET", path: "/session", token: first})
	s.ok(call{method: "GET", path: "/session", token: second})
	s.clock.add(31 * 24 * time.Hour)
	s.fails(401, "unauthenticated", call{method: "GET", path: "/passes", token: second})
	for _, token := range []string{"x", strings.Repeat("A", 43), second + "A", "' OR 1=1 --", strings.Repeat("A", 8000)} {
		s.fails(401, "unauthenticated", call{method: "GET", path: "/passes", token: token})
	}
	// A cookie is not a bearer token: the API accepts none.
	s.fails(401, "unauthenticated", call{
		method: "GET", path: "/passes", header: map[string]string{"Cookie": "tx_resident=" + s.signIn("one")},
	})
}

func TestMalformedBodies(t *testing.T) {
	s := newSite(t)
	token := s.signIn("one")
	for _, path := range []string{"/session", "/phone"} {
		for name, c := range map[string]call{
			"empty":             {contentType: "application/json"},
			"not JSON":          {body: "code=1"},
			"cut short":         {body: `{"code":"a`},
			"an array":          {body: `["a"]`},
			"null":              {body: `null`},
			"a number":          {body: `{"code":1}`},
			"two objects":       {body: `{"code":"a"}{"code":"b"}`},
			"too long a code":   {body: codeJSON(strings.Repeat("a", 513))},
			"a control sign":    {body: `{"code":"a\u0000b"}`},
			"broken UTF-8":      {body: "{\"code\":\"\xff\xfe\"}"},
			"a form":            {body: "code=a", contentType: "application/x-www-form-urlencoded"},
			"deep":              {body: strings.Repeat("[", 20_000)},
			"without a content": {body: codeJSON("a"), contentType: "text/plain"},
		} {
			s.clock.add(time.Minute) // for the limit of each
			c.method, c.path, c.token = "POST", path, token
			if body := s.fails(422, "invalid", c); body.Message == "" || strings.Contains(body.Message, "json:") {
				t.Errorf("%s %s: %+v", path, name, body)
			}
		}
		s.fails(413, "too_large", call{method: "POST", path: path, token: token, body: codeJSON(strings.Repeat("a", 70_000))})
	}
}
