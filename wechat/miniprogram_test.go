package wechat

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestLogin(t *testing.T) {
	p := newPlatform(t)
	p.on("/sns/jscode2session", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Method != http.MethodGet || q.Get("appid") != testApp || q.Get("secret") != testSecret || q.Get("js_code") != trickyCode ||
			q.Get("grant_type") != "authorization_code" || len(q) != 4 {
			t.Errorf("asked %s %v", r.Method, q)
		}
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, `{"openid":"o1","unionid":"u1","session_key":"5ession-key"}`)
	})
	login, err := p.mini(Options{}).Login(t.Context(), trickyCode)
	if err != nil || login != (Login{OpenID: "o1", UnionID: "u1"}) {
		t.Errorf("%+v, %v", login, err)
	}
	for text, ok := range map[string]bool{`{"openid":"o1"}`: true, `{"session_key":"k"}`: false, `{"openid":""}`: false, `null`: false} {
		p.says("/sns/jscode2session", text)
		if _, err := p.mini(Options{}).Login(t.Context(), testCode); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
	for code, bad := range map[int]bool{40029: true, 40163: true, 40226: false, 45011: false} {
		p.says("/sns/jscode2session", fmt.Sprintf(`{"errcode":%d,"errmsg":"no"}`, code))
		if login, err := p.mini(Options{}).Login(t.Context(), testCode); IsBadCode(err) != bad || CodeOf(err) != code ||
			login != (Login{}) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestPhoneNumber(t *testing.T) {
	const path = "/wxa/business/getuserphonenumber"
	phone := func(pure, country, appID string) string {
		return fmt.Sprintf(
			`{"errcode":0,"errmsg":"ok","phone_info":{"phoneNumber":"+%s%s","purePhoneNumber":%q,"countryCode":%q,`+
				`"watermark":{"timestamp":1,"appid":%q}}}`,
			country, pure, pure, country, appID,
		)
	}
	p := newPlatform(t)
	m := p.mini(Options{})
	p.says(path, phone("13800138000", "86", testApp))
	if got, err := m.PhoneNumber(t.Context(), testCode); err != nil || got != "13800138000" {
		t.Errorf("%q, %v", got, err)
	}
	if got := p.requests(path)[0]; got.token != tokenName(testSecret, 1) ||
		fmt.Sprint(got.body) != fmt.Sprint(map[string]any{"code": testCode}) {
		t.Errorf("asked %+v", got)
	}
	p.says(path, phone("91234567", "852", testApp))
	if got, err := m.PhoneNumber(t.Context(), testCode); err != nil || got != "+85291234567" {
		t.Errorf("of Hong Kong: %q, %v", got, err)
	}
	p.says(path, phone("2125550100", "1", testApp))
	if got, err := m.PhoneNumber(t.Context(), testCode); !errors.Is(err, ErrForeignPhone) || got != "" {
		t.Errorf("of America: %q, %v", got, err)
	}
	for name, text := range map[string]string{
		"given to another app": phone("13800138000", "86", "wx2222222222222222"),
		"given to nobody":      phone("13800138000", "86", ""),
		"none":                 `{"errcode":0,"errmsg":"ok"}`,
	} {
		p.says(path, text)
		got, err := m.PhoneNumber(t.Context(), testCode)
		if err == nil || got != "" || errors.Is(err, ErrForeignPhone) || strings.Contains(err.Error(), "138") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	p.says(path, `{"errcode":40029,"errmsg":"invalid code"}`)
	if _, err := m.PhoneNumber(t.Context(), testCode); !IsBadCode(err) {
		t.Errorf("a used code: %v", err)
	}
}

func TestUnlimitedCode(t *testing.T) {
	const path = "/wxa/getwxacodeunlimit"
	p := newPlatform(t)
	m := p.mini(Options{})
	p.on(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		fmt.Fprint(w, "\xff\xd8picture")
	})
	for scene, ok := range map[string]bool{
		"a": true, "p=1&q=2": true, sceneSigns: true, strings.Repeat("x", 32): true,
		"": false, strings.Repeat("x", 33): false, "a b": false, "a中b": false, "中a中": false, "a%20b": false,
		"a\nb": false, "a\x00": false, `a"b`: false, "a<b>c": false,
	} {
		picture, err := m.UnlimitedCode(t.Context(), CodeImage{Scene: scene, Page: "pages/pass", Width: 300})
		if (err == nil) != ok || ok != (string(picture) == "\xff\xd8picture") {
			t.Errorf("scene %q: %q, %v", scene, picture, err)
		}
	}
	p.wantAsked(path, 4)
	want := fmt.Sprint(map[string]any{"page": "pages/pass", "width": 300.0})
	for _, a := range p.requests(path) {
		delete(a.body, "scene")
		if fmt.Sprint(a.body) != want {
			t.Errorf("asked %v", a.body)
		}
	}
	p.says(path, `{"errcode":41030,"errmsg":"invalid page"}`)
	if picture, err := m.UnlimitedCode(t.Context(), CodeImage{Scene: "a"}); CodeOf(err) != 41030 || picture != nil {
		t.Errorf("%q, %v", picture, err)
	}
	if body := p.requests(path)[4].body; fmt.Sprint(body) != fmt.Sprint(map[string]any{"scene": "a"}) {
		t.Errorf("what is not said is sent: %v", body)
	}
}
