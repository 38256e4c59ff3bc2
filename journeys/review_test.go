package journeys

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"testing"
	"time"

	"tongxing/testkit/browser"
)

// inspector is the persona whose phone the clerk of the demo uses, newcomer the one who applies.
const (
	inspector = "zhou-min"
	newcomer  = "sun-lijuan"
)

// From an application to its outcome: the office invites a reviewer by a code, a resident applies in the
// mini-program, the reviewer's phone is told, one tap decides, and the resident is told by the mini-program and sees
// the application.
func TestReviewFromOnePhoneToAnother(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	desk := newTab(t, browser.Desktop)
	desk.open(address + "/demo")
	desk.await("the tour", `document.querySelectorAll("form[target]").forEach(f => f.removeAttribute("target")) || true`)
	desk.click(`form[action^="/demo/admin"] button`)
	desk.await("the console", `location.pathname.startsWith("/console")`)
	// At night nobody would be told before the morning.
	desk.open(address + "/console/setting")
	desk.chooses("#f-quiet_from", "0")
	desk.chooses("#f-quiet_to", "0")
	desk.click(".tx-form-foot .btn-primary")
	desk.says("已保存")

	desk.open(address + "/console/reminder")
	desk.says("何雅文")
	desk.picture("reminders")
	reviewer := newTab(t, browser.Phone)
	invites(t, address, desk, reviewer)

	applies(t, address)
	reviewer.open(on(t, address, inspector, "/sim/phone/"+inspector+"?tab=chat"))
	// The demo has other applications, of visitors too.
	const told = `[...document.querySelectorAll(".chat .said a.tap")].find(a => ["待审核", "住户认证"].every(w => a.innerText.includes(w)))`
	reviewer.eventually("the reminder", told) // applications of a minute are one message
	reviewer.picture("review-reminder")
	reviewer.run(told + ".click()")
	// The message may be about this application, about another, or about all: then it opens the list.
	reviewer.await("the application", `(() => {
		const find = `+inPhone+`, link = find("a.p-back"), rows = find(".p-records")?.querySelectorAll("a") ?? [];
		if (find("button[name=approve]")?.ownerDocument.body.innerText.includes("孙丽娟")) return true;
		([...rows].find(a => a.innerText.includes("孙丽娟")) ?? (rows.length ? null : link))?.click();
		return false;
	})()`)
	reviewer.picture("review-application")
	reviewer.click("button[name=approve]")
	reviewer.await("the decision", inPhone+"(`.tx-flash, [role=status]`).innerText.includes('已审核')")

	applicant := newTab(t, browser.Phone)
	applicant.open(on(t, address, newcomer, "/sim/phone/"+newcomer+"?tab=mini"))
	const outcome = `document.querySelector(".mini .said")?.innerText.includes("已通过")`
	applicant.eventually("the outcome", outcome+" || (location.reload(), false)")
	applicant.picture("review-outcome")
	desk.open(address + "/console/message?kind=certification")
	desk.says("住户认证已通过")
	desk.says("小程序")
}

// invites shows the code of the clerk's account at the desk, which a phone scans.
func invites(t *testing.T, address string, desk, phone *tab) {
	t.Helper()
	const row = `[...document.querySelectorAll("tbody tr")].find(r => r.innerText.includes("何雅文"))`
	// In the demo another phone is hers.
	desk.run(row + `.querySelector("summary").click()`)
	desk.await("the act", `[...document.querySelectorAll("button")].some(b => b.innerText.includes("解除关联") && b.offsetParent)`)
	desk.run(`[...document.querySelectorAll("button")].find(b => b.innerText.includes("解除关联") && b.offsetParent).click()`)
	desk.click("dialog .tx-form-foot .btn-danger")
	desk.says("已解除何雅文的微信关联")
	desk.await("the list", `document.readyState === "complete" && location.pathname === "/console/reminder" && `+row)
	desk.run(row + `.querySelector("summary").click()`)
	desk.await("the row's menu", `[...document.querySelectorAll("button")].some(b => b.innerText.includes("邀请关联") && b.offsetParent)`)
	desk.run(`[...document.querySelectorAll("button")].find(b => b.innerText.includes("邀请关联") && b.offsetParent).click()`)
	desk.await("the code", `document.querySelector(".tx-login-code")`)
	desk.picture("reminder-invitation")
	scene, digits := desk.text("main code"), desk.text(".tx-login-code")
	self := on(t, address, inspector, "/sim/phone/"+inspector)
	phone.open(self + "?tab=scan")
	phone.types(`.scan input[name="text"]`, scene)
	phone.click(".scan button")
	phone.click(".chat .said:last-of-type a.tap")
	phone.click(`button[value="` + digits + `"]`)
	phone.await("bound", inPhone+"(`.tx-empty-title`).innerText.includes('已绑定')")
	desk.says("可微信提醒")
}

// applies sends an application as the mini-program does: signed in by a code, with a picture, for a house that is
// chosen level by level, with a consent to be told.
func applies(t *testing.T, address string) {
	t.Helper()
	m := miniProgram{t: t, address: address}
	m.signIn()
	var level struct {
		Nodes, Houses []struct{ ID string }
	}
	var list struct{ Communities []struct{ ID string } }
	m.call(http.MethodGet, "/communities", nil, &list)
	houses := "/communities/" + list.Communities[0].ID + "/houses"
	for node := ""; ; node = "?node=" + level.Nodes[len(level.Nodes)-1].ID {
		level.Nodes, level.Houses = nil, nil
		m.call(http.MethodGet, houses+node, nil, &level)
		if len(level.Houses) > 0 {
			break
		}
		if len(level.Nodes) == 0 {
			t.Fatal("there is no way down to a house")
		}
	}
	var mine struct {
		Templates []string `json:"subscribe_templates"`
	}
	m.call(http.MethodGet, "/certifications", nil, &mine)
	if len(mine.Templates) != 1 {
		t.Fatalf("templates to ask for: %q", mine.Templates)
	}
	m.post(address+"/sim/phone/"+newcomer+"/grant", url.Values{"app": {demoMini}, "template": {mine.Templates[0]}})
	var made struct{ State string }
	m.call(http.MethodPost, "/certifications", map[string]any{
		"house_id": level.Houses[len(level.Houses)-1].ID, "name": "孙丽娟", "identity": "tenant", "photos": []string{m.picture()},
	}, &made)
	if made.State != "waiting" {
		t.Fatalf("the application is %q", made.State)
	}
}

// miniProgram is the mini-program on the newcomer's phone.
type miniProgram struct {
	t              *testing.T
	address, token string
}

// signIn signs in with a code of wx.login, which the phone gives to what it opens.
func (m *miniProgram) signIn() {
	m.t.Helper()
	client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	launched, err := client.Get(m.address + "/sim/phone/" + newcomer + "/launch?app=" + demoMini)
	if err != nil {
		m.t.Fatal(err)
	}
	defer launched.Body.Close()
	to, err := launched.Location()
	if err != nil {
		m.t.Fatal(launched.Status, err)
	}
	var session struct{ Token string }
	m.call(http.MethodPost, "/session", map[string]string{"code": to.Query().Get("code")}, &session)
	m.token = session.Token
}

func (m *miniProgram) call(method, path string, body, answer any) {
	m.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			m.t.Fatal(err)
		}
	}
	m.send(method, path, text, "application/json", answer)
}

func (m *miniProgram) send(method, path string, body []byte, kind string, answer any) {
	m.t.Helper()
	r, err := http.NewRequestWithContext(m.t.Context(), method, m.address+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Idempotency-Key", "journey-of-a-review")
	if m.token != "" {
		r.Header.Set("Authorization", "Bearer "+m.token)
	}
	res, err := (&http.Client{Timeout: 30 * time.Second}).Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= http.StatusMultipleChoices {
		m.t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, text, err)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		m.t.Fatal(err)
	}
}

// picture sends a picture and returns its id.
func (m *miniProgram) picture() string {
	m.t.Helper()
	var file, form bytes.Buffer
	parts := multipart.NewWriter(&form)
	part, err := parts.CreateFormFile("file", "photo.jpg")
	if err == nil {
		err = jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 640, 480)), nil)
	}
	if err == nil {
		_, err = part.Write(file.Bytes())
	}
	if err == nil {
		err = parts.Close()
	}
	if err != nil {
		m.t.Fatal(err)
	}
	var made struct{ ID string }
	m.send(http.MethodPost, "/photos", form.Bytes(), parts.FormDataContentType(), &made)
	return made.ID
}

// post sends a form to the simulator.
func (m *miniProgram) post(address string, form url.Values) {
	m.t.Helper()
	res, err := (&http.Client{Timeout: 30 * time.Second}).PostForm(address, form)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusBadRequest {
		m.t.Fatal(address, res.Status)
	}
}
