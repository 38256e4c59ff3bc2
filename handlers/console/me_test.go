package console

import (
	"encoding/base32"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// signedIn is a browser in which a fresh account has signed in with a password of
// its own.
func (d *readerDesk) signedIn(t *testing.T, login string) (b *readerClerk, id core.ID) {
	t.Helper()
	id = d.account(t, login, core.PermReaderView)
	b = d.visitor()
	page := b.open(t, "/console/session")
	b.post(t, "/console/session", b.signInForm(t, page, login, firstPassword), http.StatusSeeOther)
	b.open(t, web.PasswordPage)
	b.post(t, web.PasswordPage, url.Values{"old": {firstPassword}, "password": {ownPassword}, "again": {ownPassword}}, http.StatusSeeOther)
	b.open(t, mePath)
	return b, id
}

// again is another browser that gives the account's own password.
func (d *readerDesk) again(t *testing.T, login string) (*readerClerk, *goquery.Document) {
	t.Helper()
	b := d.visitor()
	page := b.open(t, "/console/session")
	form := b.signInForm(t, page, login, ownPassword)
	form.Set("next", mePath)
	page, _ = b.post(t, "/console/session", form, http.StatusOK)
	return b, page
}

// Guesses at the password while the second step is turned on wait like those at the
// sign-in.
func TestTurningTheSecondStepOnIsNoWayToGuess(t *testing.T) {
	d := newReaderDesk(t)
	b, id := d.signedIn(t, "guessed")
	b.post(t, mePath+"/totp", nil, http.StatusSeeOther)
	page := b.get(t, mePath+"/totp", http.StatusOK)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(page.Find("[data-copy]").AttrOr("data-copy", ""))
	if err != nil {
		t.Fatal(err)
	}
	code := core.TOTPCode(secret, d.store.Now())
	for _, password := range []string{"", "1", "2", "3", "4", "5", "6", "7", "8", ownPassword} {
		page, _ = b.post(t, mePath+"/totp/on", url.Values{"password": {password}, "code": {code}}, http.StatusUnprocessableEntity)
		wrongField(t, page, "password")
	}
	if said := page.Find("#f-password-error").Text(); !strings.Contains(said, "次数过多") {
		t.Errorf("the right one after nine guesses: %q", said)
	}
	if state, err := d.store.TOTPState(t.Context(), id); err != nil || state.On() {
		t.Errorf("turned on: %+v %v", state, err)
	}
}

// TestSecondStep follows somebody who turns the second step on, signs in with it,
// and loses the phone.
func TestSecondStep(t *testing.T) {
	d := newReaderDesk(t)
	b, id := d.signedIn(t, "stepper")
	if _, to := b.post(t, mePath+"/totp", nil, http.StatusSeeOther); to != mePath+"/totp" {
		t.Fatalf("sent to %s", to)
	}
	page := b.get(t, mePath+"/totp", http.StatusOK)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(page.Find("[data-copy]").AttrOr("data-copy", ""))
	if err != nil || len(secret) != core.TOTPSecretBytes || !strings.HasPrefix(page.Find("main img").AttrOr("src", ""), "data:image/svg+xml;base64,") {
		t.Fatalf("no secret on the page: %v", err)
	}
	page, _ = b.post(t, mePath+"/totp/on", url.Values{"password": {ownPassword}, "code": {"000000"}}, http.StatusUnprocessableEntity)
	wrongField(t, page, "code")
	// The step before: its code is still taken, and leaves this one for the sign-in.
	page, _ = b.post(t, mePath+"/totp/on", url.Values{"password": {"wrong"}, "code": {core.TOTPCode(secret, d.store.Now())}}, http.StatusUnprocessableEntity)
	wrongField(t, page, "password")
	page, _ = b.post(t, mePath+"/totp/on", url.Values{"password": {ownPassword}, "code": {core.TOTPCode(secret, d.store.Now().Add(-30*time.Second))}}, http.StatusOK)
	recovery := page.Find(".tx-codes code").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes", len(recovery))
	}
	if _, to := b.post(t, mePath+"/totp/on", url.Values{"password": {ownPassword}, "code": {core.TOTPCode(secret, d.store.Now())}}, http.StatusSeeOther); to != mePath {
		t.Errorf("turned on twice: %s", to)
	}

	phone, page := d.again(t, "stepper")
	if page.Find(`input[name="pending"]`).Length() != 1 {
		t.Fatal("the password alone signs in")
	}
	step := func(b *readerClerk, page *goquery.Document, code string, status int) (*goquery.Document, string) {
		t.Helper()
		return b.post(t, signInCodePath, url.Values{"pending": {page.Find(`input[name="pending"]`).AttrOr("value", "")}, "next": {mePath}, "code": {code}}, status)
	}
	wrong, _ := step(phone, page, "000000", http.StatusUnprocessableEntity)
	wrongField(t, wrong, "code")
	if _, to := step(phone, wrong, core.TOTPCode(secret, d.store.Now()), http.StatusSeeOther); to != mePath {
		t.Errorf("sent to %s", to)
	}
	me := phone.open(t, mePath)
	if me.Find(`form[action="`+mePath+`/session/end"]`).Length() != 1 || !strings.Contains(me.Find("#history-title").Closest("section").Text(), "密码和动态码") {
		t.Error("the page of one's own account tells neither devices nor history")
	}
	lost, page := d.again(t, "stepper")
	if _, to := step(lost, page, strings.ToLower(recovery[0]), http.StatusSeeOther); to != mePath {
		t.Errorf("by recovery code sent to %s", to)
	}
	lost.open(t, mePath)
	if _, to := step(lost, page, recovery[1], http.StatusSeeOther); !strings.HasPrefix(to, "/console/session?") {
		t.Errorf("a finished sign-in is taken again: %s", to)
	}
	if _, to := phone.post(t, mePath+"/session/end", url.Values{"confirmed": {"1"}}, http.StatusSeeOther); to != mePath {
		t.Errorf("sent to %s", to)
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.address+mePath, http.NoBody)
	b.do(t, request, http.StatusSeeOther) // signed out

	off := phone.get(t, mePath+"/totp/off", http.StatusOK)
	if off.Find(`input[type="password"]`).Length() != 1 {
		t.Error("turning it off asks for no password")
	}
	page, _ = phone.post(t, mePath+"/totp/off", url.Values{"password": {"wrong"}, "code": {recovery[2]}}, http.StatusUnprocessableEntity)
	wrongField(t, page, "password")
	phone.post(t, mePath+"/totp/off", url.Values{"password": {ownPassword}, "code": {recovery[2]}}, http.StatusSeeOther)
	if state, err := d.store.TOTPState(t.Context(), id); err != nil || state.On() {
		t.Errorf("still on: %v", err)
	}
}

func TestSecondStepIsReset(t *testing.T) {
	d := newReaderDesk(t)
	b, id := d.signedIn(t, "loser")
	b.post(t, mePath+"/totp", nil, http.StatusSeeOther)
	secret, err := d.store.WaitingTOTP(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	b.post(t, mePath+"/totp/on", url.Values{"password": {ownPassword}, "code": {core.TOTPCode(secret, d.store.Now())}}, http.StatusOK)
	boss := d.boss(t)
	show := boss.get(t, accountURL(id), http.StatusOK)
	if show.Find(`form[action$="/totp"]`).Length() != 1 || !strings.Contains(show.Find("main").Text(), "登录历史") {
		t.Error("the account's page offers no reset or tells no history")
	}
	asks, _ := boss.post(t, accountURL(id)+"/totp", nil, http.StatusOK)
	if !strings.Contains(asks.Find("form.tx-confirm").Text(), "小loser") {
		t.Errorf("the question names nobody: %s", asks.Find("form.tx-confirm").Text())
	}
	boss.post(t, accountURL(id)+"/totp", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.address+mePath, http.NoBody)
	b.do(t, request, http.StatusSeeOther) // signed out
	if state, err := d.store.TOTPState(t.Context(), id); err != nil || state.On() {
		t.Errorf("still on: %v", err)
	}
	d.onlyViews(t).post(t, accountURL(id)+"/totp", nil, http.StatusForbidden)
}

func TestOwnSessions(t *testing.T) {
	d := newReaderDesk(t)
	b, _ := d.signedIn(t, "owner")
	other := d.visitor()
	page := other.open(t, "/console/session")
	other.post(t, "/console/session", other.signInForm(t, page, "owner", ownPassword), http.StatusSeeOther)
	stranger, _ := d.signedIn(t, "stranger")
	ends := b.get(t, mePath, http.StatusOK).Find(`form[action$="/end"]:not([action$="session/end"])`)
	if ends.Length() != 1 {
		t.Fatalf("%d devices can be signed out", ends.Length())
	}
	path := ends.AttrOr("action", "")
	stranger.post(t, path, nil, http.StatusNotFound)
	other.get(t, mePath, http.StatusOK)
	b.post(t, path, nil, http.StatusSeeOther)
	b.post(t, path, nil, http.StatusSeeOther) // twice is no harm
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.address+mePath, http.NoBody)
	other.do(t, request, http.StatusSeeOther)
	b.get(t, mePath, http.StatusOK)
}

func TestBrowserWords(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36":           "Chrome · Windows",
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0":                                 "Edge · Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50":       "微信 · iPhone",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15": "Safari · Mac",
		"curl/8.0": "其他", "": "其他", "X11; Linux": "Linux",
	} {
		if got := browserWords(agent); got != want {
			t.Errorf("%s: %s, want %s", agent, got, want)
		}
	}
}

func TestMePages(t *testing.T) {
	shell := templates.Shell{Title: "我的账号", CSRF: "x"}
	facts := []templates.Fact{{Label: "登录名", Value: hostileText}}
	templates.CheckAll(t, "console/me/", map[string]any{
		"console/me/show": mePage{Shell: shell, Facts: facts, On: true, TOTP: totpFacts(core.TOTPState{Since: time.Unix(1, 0), Recovery: 1}),
			Sessions: []sessionLine{{Browser: hostileText, Own: true}, {End: &templates.Submit{Label: "退出", URL: "/x"}}}, Others: &templates.Submit{Label: "退出其他设备", URL: "/y"},
			History: []attemptLine{{SignInAttempt: core.SignInAttempt{Way: core.WayUnfinished, Addr: hostileText}, State: templates.Badge{Tone: templates.Bad, Text: "失败"}}}},
		"console/me/show#new": mePage{Shell: shell, TOTP: totpFacts(core.TOTPState{})},
		"console/me/totp":     totpPage{Shell: shell, Image: "data:image/svg+xml;base64,AA==", Text: facts, Form: templates.Form{Action: "/x"}},
		"console/me/recovery": recoveryPage{Shell: shell, Codes: []string{"ACDEF-GHJKM"}},
		"console/me/proof":    centreFormPage{Shell: shell, Form: templates.Form{Action: "/x"}},
	})
}
