package account

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// The tab tells who looked at a person's whole numbers, in each of their homes, and leads to them.
func TestAuditTellsWhoLookedAtAPerson(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	first, second := d.Mine.Residents[0], d.Mine.Residents[2]
	home, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: second.House, Name: first.Name, Identity: core.Owner, Phone: first.Phone,
	})
	if err != nil {
		t.Fatal(err)
	}
	looker := core.Actor{Kind: core.ActorAccount, ID: 7, Name: "好奇的人", Addr: "10.0.0.9"}
	for _, who := range []core.ID{first.ID, home, second.ID, d.Others.Residents[0].ID} {
		if _, err := d.Store.RevealResident(t.Context(), looker, core.Everywhere, who); err != nil {
			t.Fatal(err)
		}
	}
	// The same person as a member of an institution, whose picture is looked at.
	picture := core.NewPhoto{Class: core.PhotoPersonal, Whole: []byte("whole"), Thumb: []byte("thumb"), Width: 8, Height: 8}
	today := core.DayOf(d.Store.Now(), d.Store.Zone())
	institution, err := d.Store.CreateInstitution(t.Context(), core.System, core.Everywhere, core.Institution{
		Name: "顺丰速运", Communities: []core.ID{d.Mine.Community},
	})
	member := core.Member{Institution: institution, Name: first.Name, Phone: first.Phone, From: today, Until: today + 9}
	if err == nil {
		member.ID, err = d.Store.CreateMember(t.Context(), core.System, core.Everywhere, member)
	}
	if err == nil {
		err = d.Store.UpdateMemberPhoto(t.Context(), core.System, core.Everywhere, member.ID, core.MemberFace, &picture)
	}
	if err == nil {
		member, err = d.Store.Member(t.Context(), core.Everywhere, member.ID)
	}
	if err == nil {
		_, err = d.Store.MemberPhoto(t.Context(), looker, core.Everywhere, member.Photos[core.MemberFace], core.PhotoWhole)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := b.Get(t, frame.AuditViewPath, http.StatusOK)
	if n := desk.Rows(all); n != 4 {
		t.Errorf("%d views of the community, want 4", n)
	}
	if text := all.Find("tbody tr").First().Text(); !strings.Contains(text, "照片") || !strings.Contains(text, first.Name) {
		t.Errorf("the view of the picture: %q", text)
	}
	if text := all.Find("tbody").Text(); !strings.Contains(text, "好奇的人") || strings.Contains(text, first.Phone) {
		t.Errorf("the list says %q", text)
	}
	one := b.Get(t, frame.AuditViewPath+"?person="+first.Person.String(), http.StatusOK)
	if n := desk.Rows(one); n != 3 {
		t.Errorf("%d views of one person, want 3: in each home, and as a member", n)
	}
	for _, id := range []core.ID{first.ID, home} {
		if one.Find(`tbody a[href="`+frame.ResidentURL(id)+`"]`).Length() != 1 {
			t.Errorf("no link to resident %s", id)
		}
	}
	want := frame.AuditViewPath + "?person=" + second.Person.String()
	if to := b.Sent(t, frame.AuditViewPath+"?who="+url.QueryEscape(second.Name)); to != want {
		t.Errorf("the name leads to %s", to)
	}
	b.Get(t, frame.AuditViewPath+"?from=2026-11-02&to=2026-11-01", http.StatusUnprocessableEntity)
	d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermResidentView).Get(t, frame.AuditViewPath, http.StatusForbidden)
	tabs := all.Find(".tx-tabs").Text()
	for _, words := range []string{"操作", "个人信息查看", "校验"} {
		if !strings.Contains(tabs, words) {
			t.Errorf("no tab %s: %s", words, tabs)
		}
	}
	b.Get(t, frame.AuditPath+"/verify", http.StatusOK)
}

// A member of an institution, who lives nowhere, is found by what is typed.
func TestWhoLookedAtAMember(t *testing.T) {
	d := newDesk(t)
	today := core.DayOf(d.Store.Now(), d.Store.Zone())
	institution, err := d.Store.CreateInstitution(t.Context(), core.System, core.Everywhere, core.Institution{
		Name: "顺丰速运", Communities: []core.ID{d.Mine.Community},
	})
	member := core.Member{Institution: institution, Name: "欧阳快递", Phone: "13900001234", From: today, Until: today + 9}
	if err == nil {
		member.ID, err = d.Store.CreateMember(t.Context(), core.System, core.Everywhere, member)
	}
	if err == nil {
		member, err = d.Store.Member(t.Context(), core.Everywhere, member.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	views := frame.AuditViewPath + "?person=" + member.Person.String()
	for _, text := range []string{member.Name, member.Pick().Text()} {
		if to := b.Sent(t, frame.AuditViewPath+"?who="+url.QueryEscape(text)); to != views {
			t.Errorf("%s leads to %s, want %s", text, to, views)
		}
	}
	if value, _ := b.Get(t, views, http.StatusOK).Find("#f-who").Attr("value"); value != member.Pick().Text() {
		t.Errorf("the field shows %q", value)
	}
	few := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAuditView, core.PermResidentView)
	few.Get(t, frame.AuditViewPath+"?who="+url.QueryEscape(member.Name), http.StatusUnprocessableEntity)
	if value, _ := few.Get(t, views, http.StatusOK).Find("#f-who").Attr("value"); value != frame.StrangerText {
		t.Errorf("without the permission to see members the field shows %q", value)
	}
}
