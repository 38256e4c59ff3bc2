package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/testkit/estate"
)

// A member states the name once and has the pass on the phone; the guard sees the institution and the face, releases by it,
// and another session is not shown the face.
func TestMemberShowsTheDedicatedPass(t *testing.T) {
	w := newSite(t, estate.Plan{})
	ctx := t.Context()
	day := core.DayOf(w.store.Now(), w.store.Zone())
	institution, err := w.store.CreateInstitution(ctx, core.System, core.Everywhere, core.Institution{
		Name: "顺丰<速运>", Communities: []core.ID{w.Community},
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.store.CreateMember(ctx, core.System, core.Everywhere, core.Member{
		Institution: institution, Name: "骑手甲", Phone: "13700008888", From: day, Until: day + 9,
	})
	if err != nil {
		t.Fatal(err)
	}
	picture := core.NewPhoto{Class: core.PhotoPersonal, Whole: []byte("whole"), Thumb: []byte("thumb")}
	if err := w.store.UpdateMemberPhoto(ctx, core.System, core.Everywhere, id, core.MemberFace, &picture); err != nil {
		t.Fatal(err)
	}
	user, err := w.store.SignInWechat(ctx, core.WechatIdentity{AppID: "wx", OpenID: "o-rider"})
	if err == nil {
		_, err = w.store.BindPhone(ctx, user.ID, "13700008888", "骑手甲")
	}
	if err != nil {
		t.Fatal(err)
	}
	p := w.phone(t)
	p.signIn("resident", "o-rider")
	response, _ := p.do(http.MethodGet, "/h5/pass", nil)
	own := response.Header.Get("Location")
	page := p.get(own, http.StatusOK)
	for _, words := range []string{"现在可以通行", "顺丰<速运>", "专用通行证", "有效期至 " + (day + 9).String()} {
		if !strings.Contains(page.Text(), words) {
			t.Errorf("the page of the pass lacks %s: %s", words, page.Find("main").Text())
		}
	}
	m, err := w.store.Member(ctx, core.Everywhere, id)
	if err != nil || own != "/h5/pass/"+m.Pass.String() {
		t.Fatalf("sent to %s, %v", own, err)
	}

	g := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	look := g.post(g.get(post, http.StatusOK), post+"/look", url.Values{"pass": {m.Pass.String()}, "direction": {"in"}}, http.StatusOK)
	face := look.Find("img.p-face").AttrOr("src", "")
	if !strings.Contains(look.Text(), "顺丰<速运>") || face == "" {
		t.Fatalf("the guard sees %s", look.Find("main").Text())
	}
	if response, _ := g.do(http.MethodGet, face, nil); response.StatusCode != http.StatusOK {
		t.Errorf("the face: %d", response.StatusCode)
	}
	if response, _ := p.do(http.MethodGet, face, nil); response.StatusCode == http.StatusOK {
		t.Error("somebody else is shown the face")
	}
	done := g.post(look, post+"/release", url.Values{
		"pass": {m.Pass.String()}, "key": {look.Find(`[name="key"]`).AttrOr("value", "")}, "direction": {"in"}, "act": {"release"},
	}, http.StatusOK)
	if !strings.Contains(done.Text(), "已放行") {
		t.Errorf("not released: %s", done.Find("main").Text())
	}
	if page = p.get(own, http.StatusOK); !strings.Contains(page.Find(".p-records").Text(), "东门岗") {
		t.Errorf("the passage is not on the pass: %s", page.Find("main").Text())
	}
	if err := w.store.DisableInstitution(ctx, core.System, core.Everywhere, institution); err != nil {
		t.Fatal(err)
	}
	if page = p.get(own, http.StatusOK); !strings.Contains(page.Text(), "所属机构已停用") {
		t.Errorf("after disabling: %s", page.Find("main").Text())
	}
}
