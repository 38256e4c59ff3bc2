package access

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// dayOf returns a day some days from today, as forms have it.
func dayOf(d *desk.Desk, days int) string {
	return (core.DayOf(d.Store.Now(), d.Store.Zone()) + core.Day(days)).String()
}

func TestInstitutionIsAddedChangedAndDisabled(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	form := func() url.Values {
		return url.Values{"name": {desk.Hostile[:40]}, "remark": {desk.Hostile}, "communities": {d.Mine.Community.String()}}
	}
	b.Get(t, frame.InstitutionPath+"/new", http.StatusOK)
	for field, value := range map[string]string{"name": " ", "communities": ""} {
		wrong := form()
		if wrong.Set(field, value); value == "" {
			wrong.Del(field)
		}
		page, _ := b.Post(t, frame.InstitutionPath, wrong, http.StatusUnprocessableEntity)
		if page.Find(".tx-wrong").Length() != 1 {
			t.Errorf("no message at %s", field)
		}
	}
	others := form()
	others.Set("communities", d.Others.Community.String())
	b.Post(t, frame.InstitutionPath, others, http.StatusNotFound)
	_, to := b.Post(t, frame.InstitutionPath, form(), http.StatusSeeOther)
	show := b.Get(t, to, http.StatusOK)
	desk.Literally(t, show, desk.Hostile[:40])
	desk.Literally(t, b.Get(t, frame.InstitutionPath, http.StatusOK), desk.Hostile[:40])
	page, _ := b.Post(t, to+"/disable", nil, http.StatusOK)
	if !strings.Contains(page.Find(".tx-confirm").Text(), "0 名成员") {
		t.Error("the question does not say how many members it concerns")
	}
	b.Post(t, to+"/disable", desk.ConfirmedForm(), http.StatusSeeOther)
	if n := b.Get(t, frame.InstitutionPath+"?state=off", http.StatusOK).Find("#list-body tbody tr").Length(); n != 1 {
		t.Errorf("%d disabled", n)
	}
	b.Post(t, to+"/enable", nil, http.StatusSeeOther)
	if n := b.Get(t, frame.InstitutionPath+"?state=off", http.StatusOK).Find("#list-body tbody tr").Length(); n != 0 {
		t.Errorf("%d disabled after enabling", n)
	}
}

// An account that has one of an institution's communities sees it, and is offered only what it may do: to take the
// community away. Those who are due are counted for an account that may renew them.
func TestAnInstitutionOfOtherCommunitiesToo(t *testing.T) {
	d := newDesk(t)
	ctx, today := t.Context(), core.DayOf(d.Store.Now(), d.Store.Zone())
	add := func(name string, communities ...core.ID) (institution, member core.ID) {
		t.Helper()
		institution, err := d.Store.CreateInstitution(ctx, core.System, core.Everywhere, core.Institution{
			Name: name, Communities: communities,
		})
		if err == nil {
			member, err = d.Store.CreateMember(ctx, core.System, core.Everywhere, core.Member{
				Institution: institution, Name: name + "甲", Phone: "13700008888", From: today, Until: today + 2,
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		return institution, member
	}
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermInstitutionView, core.PermInstitutionEdit, core.PermAuditView)
	if text := b.Get(t, frame.MemberPath+"/new", http.StatusOK).Find("main").Text(); !strings.Contains(text, "还没有机构") {
		t.Errorf("without any institution: %q", text)
	}
	shared, sharer := add("顺丰速运", d.Others.Community, d.Mine.Community)
	if text := b.Get(t, frame.MemberPath+"/new", http.StatusOK).Find("main").Text(); !strings.Contains(text, "管理范围以外的小区") {
		t.Errorf("without one of its own: %q", text)
	}
	own, owned := add("绿洁保洁", d.Mine.Community)
	asking := b.Get(t, frame.MemberPath+"/new?institution="+shared.String(), http.StatusOK)
	if chosen := desk.FilledIn(asking).Get("institution"); chosen != "" {
		t.Errorf("%s is chosen in place of the one that was asked for", chosen)
	}
	if chosen := desk.FilledIn(b.Get(t, frame.MemberPath+"/new", http.StatusOK)).Get("institution"); chosen != own.String() {
		t.Error("the only one is not chosen")
	}
	list := b.Get(t, frame.MemberPath, http.StatusOK)
	if ticks := list.Find(`tbody input[type="checkbox"][name="id"]`); ticks.Length() != 1 || ticks.AttrOr("value", "") != owned.String() {
		t.Errorf("%d of two members are ticked", ticks.Length())
	}
	if off := list.Find("tbody button[disabled]"); off.Length() != 5 || !strings.Contains(list.Find("tbody").Text(), "管理范围以外") {
		t.Errorf("%d acts of the other's are drawn off", off.Length())
	}
	if n := desk.Rows(b.Get(t, frame.MemberPath+"?state=due&renewable=yes", http.StatusOK)); n != 1 {
		t.Errorf("%d are due and can be renewed", n)
	}
	if n, err := d.Store.CountMembers(ctx, core.ScopeOf(d.Mine.Community), store.MemberFilter{
		State: core.MemberDue, Today: today, Wholly: true,
	}); err != nil || n != 1 {
		t.Errorf("%d are counted, %v", n, err)
	}
	show := b.Get(t, frame.InstitutionURL(shared), http.StatusOK)
	if show.Find(`main a[href*="/new"]`).Length() != 0 || !strings.Contains(show.Find(".tx-timeline").Text(), "添加机构") {
		t.Error("its page offers to add a member, or lacks what another community's office did")
	}
	for _, path := range []string{"", "/edit", "/photo"} {
		status := http.StatusForbidden
		if path == "" {
			status = http.StatusOK
		}
		page := b.Get(t, frame.MemberURL(sharer)+path, status)
		if page.Find(`main a[href$="/edit"], main a[href$="/photo"]`).Length() != 0 {
			t.Errorf("%s offers what is refused", path)
		}
	}
	b.Post(t, frame.MemberPath+"/renew?months=1", url.Values{"id": {sharer.String()}}, http.StatusForbidden)
	b.Post(t, frame.InstitutionURL(shared)+"/disable", nil, http.StatusForbidden)
	edit := b.Get(t, frame.InstitutionURL(shared)+"/edit", http.StatusOK)
	if edit.Find(`input[name="name"], input[name="remark"]`).Length() != 0 {
		t.Error("the name can be changed")
	}
	// With the community's own institution, the question says who loses it and who gains one.
	wide := d.SignIn(t, core.Everywhere, core.PermInstitutionView, core.PermInstitutionEdit)
	form := desk.FilledIn(wide.Get(t, frame.InstitutionURL(own)+"/edit", http.StatusOK))
	form.Set("remark", "三年合同")
	wide.Post(t, frame.InstitutionURL(own), form, http.StatusSeeOther)
	form = desk.FilledIn(wide.Get(t, frame.InstitutionURL(own)+"/edit", http.StatusOK))
	form["communities"] = []string{d.Others.Community.String()}
	asked, _ := wide.Post(t, frame.InstitutionURL(own), form, http.StatusOK)
	for _, want := range []string{"1 名成员不能再进出", "1 名成员可以进出"} {
		if !strings.Contains(asked.Find(".tx-confirm").Text(), want) {
			t.Errorf("the question lacks %s: %q", want, asked.Find(".tx-confirm").Text())
		}
	}
	form.Set("confirmed", "1")
	wide.Post(t, frame.InstitutionURL(own), form, http.StatusSeeOther)
	b.Get(t, frame.InstitutionURL(own), http.StatusNotFound)
}

func TestMemberIsAddedRenewedAndDisabled(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	_, institution := b.Post(t, frame.InstitutionPath, url.Values{
		"name": {"顺丰速运"}, "communities": {d.Mine.Community.String()},
	}, http.StatusSeeOther)
	id := institution[strings.LastIndex(institution, "/")+1:]
	form := func() url.Values {
		return url.Values{
			"institution": {id}, "name": {desk.Hostile[:30]}, "phone": {"13700008888"}, "id_number": {"11010519491231002X"},
			"from": {dayOf(d, 0)}, "until": {dayOf(d, 3)},
		}
	}
	page := b.Get(t, frame.MemberPath+"/new?institution="+id, http.StatusOK)
	if desk.FilledIn(page).Get("institution") != id {
		t.Error("the institution is not chosen")
	}
	for field, value := range map[string]string{
		"institution": "7", "name": "", "phone": "110", "id_number": "110105194912310021", "from": "", "until": dayOf(d, -1),
	} {
		wrong := form()
		wrong.Set(field, value)
		page, _ := b.Post(t, frame.MemberPath, wrong, http.StatusUnprocessableEntity)
		if page.Find(".tx-wrong").Length() != 1 || desk.FilledIn(page).Get("until") != wrong.Get("until") {
			t.Errorf("%s: %d messages", field, page.Find(".tx-wrong").Length())
		}
	}
	_, to := b.Post(t, frame.MemberPath, form(), http.StatusSeeOther)
	show := b.Get(t, to, http.StatusOK)
	desk.Literally(t, show, desk.Hostile[:30])
	if desk.Fact(show, "手机") != "137****8888" || strings.Contains(show.Text(), "194912310") {
		t.Errorf("shown as %q %q", desk.Fact(show, "手机"), desk.Fact(show, "证件号"))
	}
	desk.Literally(t, b.Get(t, institution, http.StatusOK), desk.Hostile[:30])
	rows := func(query string) int {
		return b.Get(t, frame.MemberPath+query, http.StatusOK).Find("#list-body tbody tr").Length()
	}
	if due, valid, of, found := rows("?state=due"), rows("?state=valid"), rows("?institution="+id), rows("?q=13700008888"); due != 1 ||
		valid != 0 || of != 1 || found != 1 {
		t.Errorf("%d due, %d valid, %d of the institution, %d found", due, valid, of, found)
	}
	member := to[strings.LastIndex(to, "/")+1:]
	ticked := url.Values{"id": {member}}
	page, _ = b.Post(t, frame.MemberPath+"/renew?months=12", ticked, http.StatusOK)
	if text := page.Find(".tx-confirm").Text(); !strings.Contains(text, "1 名成员") || !strings.Contains(text, dayOf(d, 3)+" → ") {
		t.Errorf("the question says %q", text)
	}
	stale := url.Values{"id": {member, "7"}}
	stalePage, _ := b.Post(t, frame.MemberPath+"/renew?months=12", stale, http.StatusOK)
	if text := stalePage.Find(".tx-confirm").Text(); !strings.Contains(text, "1 名成员") || !strings.Contains(text, "1 名已删除，不在其中") {
		t.Errorf("of a stale list the question says %q", text)
	}
	b.Post(t, frame.MemberPath+"/renew?months=12", url.Values{"id": {"7"}}, http.StatusSeeOther)
	if text := b.Get(t, frame.MemberPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "所选成员已删除") {
		t.Errorf("of nobody left it says %q", text)
	}
	b.Post(t, frame.MemberPath+"/renew?months=5", ticked, http.StatusUnprocessableEntity)
	seen, _ := page.Find("input[name=seen]").Attr("value")
	confirmed := desk.ConfirmedForm()
	confirmed.Set("id", member)
	confirmed.Set("seen", seen)
	b.Post(t, frame.MemberPath+"/renew?months=12", confirmed, http.StatusSeeOther)
	// Another who was asked of the same day, or nobody who was asked.
	b.Get(t, frame.MemberPath, http.StatusOK) // shows what was done
	b.Post(t, frame.MemberPath+"/renew?months=12", confirmed, http.StatusSeeOther)
	desk.Literally(t, b.Get(t, to, http.StatusOK), "刚刚改过")
	if rows("?state=valid") != 1 {
		t.Error("not renewed")
	}
	b.Post(t, to+"/disable", desk.ConfirmedForm(), http.StatusSeeOther)
	if rows("?state=disabled") != 1 {
		t.Error("not disabled")
	}
	b.Post(t, to+"/enable", nil, http.StatusSeeOther)
	for _, wrong := range []string{"?state=maybe", "?sort=phone", "?institution=x"} {
		b.Get(t, frame.MemberPath+wrong, http.StatusUnprocessableEntity)
	}
	// Who may look only sees no button, and no picture.
	reader := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermInstitutionView)
	show = reader.Get(t, to, http.StatusOK)
	if show.Find("form[action*=disable], button[formaction], #photos-title").Length() != 0 {
		t.Error("a read-only account is offered acts or pictures")
	}
	reader.Get(t, to+"/photo", http.StatusForbidden)
	stranger := d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermInstitutionView, core.PermInstitutionEdit)
	stranger.Get(t, to, http.StatusNotFound)
	stranger.Post(t, to+"/disable", desk.ConfirmedForm(), http.StatusNotFound)
	stranger.Post(t, frame.MemberPath+"/renew?months=12", confirmed, http.StatusSeeOther)
	desk.Literally(t, stranger.Get(t, frame.MemberPath, http.StatusOK), "所选成员已删除")
}

// A picture is re-encoded, replaced and removed; another file is refused at its field; its address is of the session, and
// looking at the whole of it is in the log.
func TestMemberPictures(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	_, institution := b.Post(t, frame.InstitutionPath, url.Values{
		"name": {"顺丰速运"}, "communities": {d.Mine.Community.String()},
	}, http.StatusSeeOther)
	_, to := b.Post(t, frame.MemberPath, url.Values{
		"institution": {institution[strings.LastIndex(institution, "/")+1:]}, "name": {"骑手甲"}, "phone": {"13700008888"},
		"from": {dayOf(d, 0)}, "until": {dayOf(d, 3)},
	}, http.StatusSeeOther)
	b.Get(t, to+"/photo", http.StatusOK)
	face := url.Values{"which": {"face"}}
	page := b.Upload(t, to+"/photo", face, "file", []byte("<svg onload=alert(1)>"), http.StatusUnprocessableEntity)
	if page.Find(".tx-wrong").Length() != 1 {
		t.Errorf("%d messages", page.Find(".tx-wrong").Length())
	}
	b.Upload(t, to+"/photo", url.Values{"which": {"tattoo"}}, "file", pngFile(t), http.StatusUnprocessableEntity)
	for range 2 {
		b.Upload(t, to+"/photo", face, "file", pngFile(t), http.StatusSeeOther)
	}
	auditor := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermInstitutionView, core.PermAuditView)
	if auditor.Get(t, to, http.StatusOK).Find(`a[href^="`+frame.AuditViewPath+`?person="]`).Length() == 0 {
		t.Error("the page does not lead to who looked at the member")
	}
	show := b.Get(t, to, http.StatusOK)
	whole, _ := show.Find(".tx-evidence a").Attr("href")
	if whole == "" || show.Find(".tx-evidence img").Length() != 1 {
		t.Fatalf("%d pictures", show.Find(".tx-evidence img").Length())
	}
	b.Get(t, whole, http.StatusOK)
	b.Get(t, strings.Replace(whole, "sign=", "sign=0", 1), http.StatusNotFound)
	d.Registrar(t).Get(t, whole, http.StatusNotFound) // another session
	lines, _, err := d.Store.AuditRecords(t.Context(), core.Everywhere, core.AuditFilter{Action: "photo.view"}, core.Page{Limit: 9})
	if err != nil || len(lines) != 1 {
		t.Errorf("%d viewings in the log, %v", len(lines), err)
	}
	page, _ = b.Post(t, to+"/photo/remove?which=face", nil, http.StatusOK)
	if page.Find(".tx-confirm").Length() != 1 {
		t.Error("removing does not ask")
	}
	b.Post(t, to+"/photo/remove?which=face", desk.ConfirmedForm(), http.StatusSeeOther)
	b.Post(t, to+"/photo/remove?which=face", desk.ConfirmedForm(), http.StatusNotFound)
	b.Get(t, whole, http.StatusNotFound)
}

func TestMemberPages(t *testing.T) {
	shell := templates.Shell{Title: "专用通行证", CSRF: "x"}
	m := core.Member{ID: 1, Institution: 2, Name: desk.Hostile, InstitutionName: desk.Hostile, Until: 20_000}
	templates.CheckAll(t, "console/institution/", map[string]any{
		"console/institution/list": institutionListPage{
			Shell: shell, List: templates.List{Path: frame.InstitutionPath},
			Rows: []institutionRow{{
				URL: "/i", Name: desk.Hostile, Remark: desk.Hostile, Communities: "翠湖花园", Members: "3 人",
				State: frame.ServiceBadge(true, "使用中"), Menu: institutionMenu(core.Institution{ID: 2, Name: desk.Hostile}, "x"),
			}},
		},
		"console/institution/show": institutionShowPage{
			Shell: shell, Members: memberRows([]core.Member{m}, 20_000), All: templates.Action{Label: "全部成员", URL: "/m"},
			Detail: templates.Detail{Path: "/i"},
		},
		"console/institution/form": institutionFormPage{
			Shell: shell, Form: templates.Form{Sections: institutionFields(core.Institution{}, []core.Community{{ID: 1, Name: "翠湖花园"}})},
		},
	})
	templates.CheckAll(t, "console/member/", map[string]any{
		"console/member/list": memberListPage{
			Shell: shell, List: templates.List{Path: frame.MemberPath, Bulk: memberRenewals(nil), CSRF: "x"},
			Rows: []memberRow{{
				Tick: templates.Tick{Value: 1, Label: desk.Hostile}, URL: "/m", Name: desk.Hostile, Institution: desk.Hostile,
				InstitutionURL: "/i", Until: "2026-12-31", State: memberBadge(m, 20_000), Menu: memberMenu(m, "x"),
			}},
		},
		"console/member/show": memberShowPage{
			Shell: shell, Detail: templates.Detail{Path: "/m"}, Edit: true, PhotoURL: "/m/photo",
			Photos: []memberPicture{
				{Label: "人脸照片", URL: "/p", Thumb: "/t", Remove: templates.Submit{Label: "移除", URL: "/r", Ask: true}},
				{Label: "身份证人像面"},
			},
		},
		"console/member/form": memberFormPage{
			Shell: shell, Form: templates.Form{
				Sections: memberFields(m, institutionField(2, []core.Institution{{ID: 2, Name: desk.Hostile}})),
			},
		},
		"console/member/photo": memberFormPage{Shell: shell, Form: memberPhotoFields(m)},
	})
}

// pngFile returns a small picture.
func pngFile(t *testing.T) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewRGBA(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
