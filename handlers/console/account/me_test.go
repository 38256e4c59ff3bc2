package account

import (
	"encoding/base32"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// Password guesses on the page that turns on the second step are throttled like those at sign-in.
func TestTurningTheSecondStepOnIsNoWayToGuess(t *testing.T) {
	d := newDesk(t)
	b, id := d.SignedIn(t, "guessed")
	b.Post(t, frame.MePath+"/totp", nil, http.StatusSeeOther)
	page := b.Get(t, frame.MePath+"/totp", http.StatusOK)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(page.Find("[data-copy]").AttrOr("data-copy", ""))
	if err != nil {
		t.Fatal(err)
	}
	code := core.TOTPCode(secret, d.Store.Now())
	for _, password := range []string{"", "1", "2", "3", "4", "5", "6", "7", "8", desk.OwnPassword} {
		page, _ = b.Post(t, frame.MePath+"/totp/on", url.Values{"password": {password}, "code": {code}}, http.StatusUnprocessableEntity)
		desk.WrongField(t, page, "password")
	}
	if said := page.Find("#f-password-error").Text(); !strings.Contains(said, "次数过多") {
		t.Errorf("the right one after nine guesses: %q", said)
	}
	if state, err := d.Store.TOTPState(t.Context(), id); err != nil || state.On() {
		t.Errorf("turned on: %+v %v", state, err)
	}
}

// TestSecondStep turns the second step on, signs in with it, and loses the phone.
func TestSecondStep(t *testing.T) {
	d := newDesk(t)
	b, id := d.SignedIn(t, "stepper")
	if _, to := b.Post(t, frame.MePath+"/totp", nil, http.StatusSeeOther); to != frame.MePath+"/totp" {
		t.Fatalf("sent to %s", to)
	}
	page := b.Get(t, frame.MePath+"/totp", http.StatusOK)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(page.Find("[data-copy]").AttrOr("data-copy", ""))
	if err != nil || len(secret) != core.TOTPSecretBytes || !strings.HasPrefix(
		page.Find("main img").AttrOr("src", ""), "data:image/svg+xml;base64,",
	) {
		t.Fatalf("no secret on the page: %v", err)
	}
	page, _ = b.Post(
		t, frame.MePath+"/totp/on", url.Values{"password": {desk.OwnPassword}, "code": {"000000"}},
		http.StatusUnprocessableEntity,
	)
	desk.WrongField(t, page, "code")
	// The previous time step: its code is still accepted, and leaves the current one for the
	// sign-in.
	page, _ = b.Post(
		t, frame.MePath+"/totp/on",
		url.Values{"password": {"wrong"}, "code": {core.TOTPCode(secret, d.Store.Now())}},
		http.StatusUnprocessableEntity,
	)
	desk.WrongField(t, page, "password")
	page, _ = b.Post(
		t, frame.MePath+"/totp/on",
		url.Values{"password": {desk.OwnPassword}, "code": {core.TOTPCode(secret, d.Store.Now().Add(-30*time.Second))}},
		http.StatusOK,
	)
	recovery := page.Find(".tx-codes code").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes", len(recovery))
	}
	if _, to := b.Post(
		t, frame.MePath+"/totp/on",
		url.Values{"password": {desk.OwnPassword}, "code": {core.TOTPCode(secret, d.Store.Now())}},
		http.StatusSeeOther,
	); to != frame.MePath {
		t.Errorf("turned on twice: %s", to)
	}

	phone, page := d.SignInAgain(t, "stepper")
	if page.Find(`input[name="pending"]`).Length() != 1 {
		t.Fatal("the password alone signs in")
	}
	step := func(b *desk.Clerk, page *goquery.Document, code string, status int) (*goquery.Document, string) {
		t.Helper()
		return b.Post(
			t, signInCodePath,
			url.Values{"pending": {page.Find(`input[name="pending"]`).AttrOr("value", "")}, "next": {frame.MePath}, "code": {code}},
			status,
		)
	}
	wrong, _ := step(phone, page, "000000", http.StatusUnprocessableEntity)
	desk.WrongField(t, wrong, "code")
	if _, to := step(phone, wrong, core.TOTPCode(secret, d.Store.Now()), http.StatusSeeOther); to != frame.MePath {
		t.Errorf("sent to %s", to)
	}
	me := phone.Open(t, frame.MePath)
	if me.Find(`form[action="`+frame.MePath+`/session/end"]`).Length() != 1 || !strings.Contains(
		me.Find("#history-title").Closest("section").Text(), "密码和动态码",
	) {
		t.Error("the page of one's own account tells neither devices nor history")
	}
	lost, page := d.SignInAgain(t, "stepper")
	if _, to := step(lost, page, strings.ToLower(recovery[0]), http.StatusSeeOther); to != frame.MePath {
		t.Errorf("by recovery code sent to %s", to)
	}
	lost.Open(t, frame.MePath)
	if _, to := step(lost, page, recovery[1], http.StatusSeeOther); !strings.HasPrefix(to, "/console/session?") {
		t.Errorf("a finished sign-in is taken again: %s", to)
	}
	if _, to := phone.Post(t, frame.MePath+"/session/end", url.Values{"confirmed": {"1"}}, http.StatusSeeOther); to != frame.MePath {
		t.Errorf("sent to %s", to)
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+frame.MePath, http.NoBody)
	b.Do(t, request, http.StatusSeeOther) // sign out

	off := phone.Get(t, frame.MePath+"/totp/off", http.StatusOK)
	if off.Find(`input[type="password"]`).Length() != 1 {
		t.Error("turning it off asks for no password")
	}
	page, _ = phone.Post(
		t, frame.MePath+"/totp/off", url.Values{"password": {"wrong"}, "code": {recovery[2]}},
		http.StatusUnprocessableEntity,
	)
	desk.WrongField(t, page, "password")
	phone.Post(t, frame.MePath+"/totp/off", url.Values{"password": {desk.OwnPassword}, "code": {recovery[2]}}, http.StatusSeeOther)
	if state, err := d.Store.TOTPState(t.Context(), id); err != nil || state.On() {
		t.Errorf("still on: %v", err)
	}
}

func TestSecondStepIsReset(t *testing.T) {
	d := newDesk(t)
	b, id := d.SignedIn(t, "loser")
	b.Post(t, frame.MePath+"/totp", nil, http.StatusSeeOther)
	secret, err := d.Store.WaitingTOTP(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	b.Post(
		t, frame.MePath+"/totp/on",
		url.Values{"password": {desk.OwnPassword}, "code": {core.TOTPCode(secret, d.Store.Now())}},
		http.StatusOK,
	)
	boss := d.Boss(t)
	show := boss.Get(t, frame.AccountURL(id), http.StatusOK)
	history := boss.Get(t, frame.TabURL(frame.AccountURL(id), accountSignInsTab), http.StatusOK)
	if show.Find(`button[formaction$="/totp"]`).Length() != 1 || !strings.Contains(history.Find("main").Text(), "登录历史") {
		t.Error("the account's page offers no reset or tells no history")
	}
	asks, _ := boss.Post(t, frame.AccountURL(id)+"/totp", nil, http.StatusOK)
	if !strings.Contains(asks.Find("form.tx-confirm").Text(), "小loser") {
		t.Errorf("the question names nobody: %s", asks.Find("form.tx-confirm").Text())
	}
	boss.Post(t, frame.AccountURL(id)+"/totp", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+frame.MePath, http.NoBody)
	b.Do(t, request, http.StatusSeeOther) // sign out
	if state, err := d.Store.TOTPState(t.Context(), id); err != nil || state.On() {
		t.Errorf("still on: %v", err)
	}
	d.OnlyViews(t).Post(t, frame.AccountURL(id)+"/totp", nil, http.StatusForbidden)
}

func TestOwnSessions(t *testing.T) {
	d := newDesk(t)
	b, _ := d.SignedIn(t, "owner")
	other := d.Visitor()
	page := other.Open(t, "/console/session")
	other.Post(t, "/console/session", other.SignInForm(t, page, "owner", desk.OwnPassword), http.StatusSeeOther)
	stranger, _ := d.SignedIn(t, "stranger")
	ends := b.Get(t, frame.MePath, http.StatusOK).Find(`form[action$="/end"]:not([action$="session/end"])`)
	if ends.Length() != 1 {
		t.Fatalf("%d devices can be signed out", ends.Length())
	}
	path := ends.AttrOr("action", "")
	stranger.Post(t, path, nil, http.StatusNotFound)
	other.Get(t, frame.MePath, http.StatusOK)
	b.Post(t, path, nil, http.StatusSeeOther)
	b.Post(t, path, nil, http.StatusSeeOther) // doing it twice is harmless
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+frame.MePath, http.NoBody)
	other.Do(t, request, http.StatusSeeOther)
	b.Get(t, frame.MePath, http.StatusOK)
}

// An account's own page shows which WeChat is bound and its notices, which are marked new only
// once.
func TestOwnPageTellsWhatHappened(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{}
	b, id := d.SignedIn(t, "told")
	owner := d.WechatOf(t, id)
	if _, err := d.Store.BindPhone(t.Context(), owner.ID, "13911112222", ""); err != nil {
		t.Fatal(err)
	}
	b.Open(t, wechatBindPath+"/new")
	page, _ := b.Post(t, wechatBindPath, url.Values{"password": {desk.OwnPassword}}, http.StatusOK)
	code := page.Find(".tx-login-code").Text()
	if err := d.Store.ApproveWechatLogin(t.Context(), owner, b.Shown(t, code), code); err != nil {
		t.Fatal(err)
	}
	me := b.Open(t, frame.MePath)
	notice := me.Find(`section[aria-labelledby="notices-title"] li`).First()
	if text := notice.Text(); !strings.Contains(text, "绑定微信（139****2222）") || notice.Find(".tx-badge").First().Text() != "新" {
		t.Errorf("the newest notice: %q", text)
	}
	if text := me.Find(`section[aria-labelledby="me-title"]`).Text(); !strings.Contains(text, "139****2222") {
		t.Errorf("the bound WeChat: %q", text)
	}
	if text := b.Open(t, frame.MePath).Find(`section[aria-labelledby="notices-title"]`).Text(); strings.Contains(text, "新") {
		t.Errorf("read, and yet new: %q", text)
	}
	notices, err := d.Store.AccountNotices(t.Context(), id, 10)
	if err != nil || len(notices) == 0 || notices[0].Read.IsZero() {
		t.Errorf("%d notices, %v", len(notices), err)
	}
	if list, unread, err := d.Store.Notices(t.Context(), id); err != nil || len(list) == 0 || unread != 0 {
		t.Errorf("the bell has %d, %d unread, %v", len(list), unread, err)
	}
	other, _ := d.SignedIn(t, "elsewhere")
	if text := other.Open(t, frame.MePath).Text(); strings.Contains(text, "139****2222") {
		t.Error("another account's page tells of it")
	}
}

// What WeChat tells is chosen kind by kind, and stays as it was chosen.
func TestOwnMessages(t *testing.T) {
	d := newDesk(t)
	b, id := d.SignedIn(t, "choosy")
	if b.Open(t, frame.MePath).Find(`form[action="`+meMessagePath+`"]`).Length() != 0 {
		t.Error("without an official account there is something to choose")
	}
	d.Frame.Wechat = &desk.Wechat{}
	ticked := func() (kinds []string) {
		return b.Open(t, frame.MePath).Find(`input[name="kinds"][checked]`).Map(func(_ int, s *goquery.Selection) string {
			return s.AttrOr("value", "")
		})
	}
	if got := ticked(); len(got) != len(core.ChoosableKinds()) {
		t.Errorf("ticked at first: %q", got)
	}
	b.Post(t, meMessagePath, url.Values{"kinds": {"sign_in", "binding"}}, http.StatusSeeOther)
	if got := strings.Join(ticked(), " "); got != "sign_in binding" {
		t.Errorf("ticked: %q", got)
	}
	b.Post(t, meMessagePath, url.Values{"digest": {"week"}}, http.StatusUnprocessableEntity)
	b.Post(t, meMessagePath, url.Values{"digest": {"day"}}, http.StatusSeeOther)
	if got := b.Open(t, frame.MePath).Find(`select[name="digest"] option[selected]`).Text(); strings.TrimSpace(got) != "每天早上 9 点" {
		t.Errorf("the digest chosen: %q", got)
	}
	p, err := d.Store.Preference(t.Context(), id)
	if err != nil || len(p.Muted) != len(core.ChoosableKinds()) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestMePages(t *testing.T) {
	shell := templates.Shell{Title: "我的账号", CSRF: "x"}
	facts := []templates.Fact{{Label: "账号", Value: desk.Hostile}}
	templates.CheckAll(t, "console/me/", map[string]any{
		"console/me/show": mePage{
			Shell: shell, Facts: facts, On: true,
			TOTP:     totpFacts(core.TOTPState{Since: time.Unix(1, 0), Recovery: 1}),
			Sessions: []sessionLine{{Browser: desk.Hostile, Own: true}, {End: &templates.Submit{Label: "退出", URL: "/x"}}},
			Others:   &templates.Submit{Label: "退出其他设备", URL: "/y"},
			Messages: messageForm("x", store.Preference{Told: store.Told{Muted: []core.MessageKind{core.MessageJob}}}),
			Bound:    desk.Hostile,
			Notices: []noticeLine{{
				AccountNotice: core.AccountNotice{Wechat: desk.Hostile, NewAddr: true, NewAgent: true},
				Browser:       desk.Hostile, Fresh: true,
			}},
			History: []attemptLine{{
				SignInAttempt: core.SignInAttempt{Way: core.WayUnfinished, Addr: desk.Hostile},
				State:         templates.Badge{Tone: templates.Bad, Text: "失败"},
			}},
		},
		"console/me/show#new": mePage{Shell: shell, TOTP: totpFacts(core.TOTPState{})},
		"console/me/totp": totpPage{
			Shell: shell, Image: "data:image/svg+xml;base64,AA==", Text: facts,
			Form: templates.Form{Action: "/x"},
		},
		"console/me/recovery": recoveryPage{Shell: shell, Codes: []string{"ACDEF-GHJKM"}},
		"console/me/proof":    centreFormPage{Shell: shell, Form: templates.Form{Action: "/x"}},
	})
}

// With what WeChat tells on it, too, one's own page has one primary button at most.
func TestOwnPageHasOnePrimaryButton(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{}
	page := d.SignIn(t, core.Everywhere, core.PermAccessAlertView).Get(t, frame.MePath, http.StatusOK)
	if buttons := page.Find("main .btn-primary"); buttons.Length() > 1 || !strings.Contains(page.Find("main").Text(), "消息提醒") {
		t.Errorf("%d primary buttons: %q", buttons.Length(), buttons.Text())
	}
}
