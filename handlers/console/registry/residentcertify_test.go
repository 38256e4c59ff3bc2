package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// An elder without a phone is added, certified at the desk, and the certification is withdrawn.
func TestElderIsCertifiedAtTheDesk(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	form := residentFormOf(d)
	form.Set("house", desk.HouseLabel(t, d, d.Mine.Houses[1]))
	form.Set("name", "张桂兰")
	form.Set("phone", "")
	_, at := b.Post(t, frame.ResidentPath, form, http.StatusSeeOther)
	page := b.Get(t, at, http.StatusOK)
	if desk.Fact(page, "手机") != "无手机" || desk.Fact(page, "认证") != "未认证" {
		t.Errorf("shown as %q, %q", desk.Fact(page, "手机"), desk.Fact(page, "认证"))
	}
	if page.Find(`a[href="`+at+`/certify"]`).Length() != 1 {
		t.Fatal("no button to certify")
	}
	ask := b.Get(t, at+"/certify", http.StatusOK)
	for _, words := range []string{"张桂兰", desk.HouseLabel(t, d, d.Mine.Houses[1]), "无手机"} {
		if !strings.Contains(ask.Find("form.tx-form").Text(), words) {
			t.Errorf("the form does not name %s", words)
		}
	}
	answer := url.Values{"seen": {desk.InputValue(ask, "seen")}, "how": {"other"}}
	wrong, _ := b.Post(t, at+"/certify", answer, http.StatusUnprocessableEntity)
	if !strings.Contains(wrong.Find("form").Text(), "请写明核验了什么") {
		t.Error("the note was not asked for")
	}
	answer.Set("how", "household")
	b.Post(t, at+"/certify", answer, http.StatusSeeOther)
	page = b.Get(t, at, http.StatusOK)
	if desk.Fact(page, "认证") != "已认证" || !strings.HasPrefix(desk.Fact(page, "现场核验"), "户口簿，") ||
		desk.Fact(page, "通行证") != "可用" {
		t.Errorf("shown as %q, %q, %q", desk.Fact(page, "认证"), desk.Fact(page, "现场核验"), desk.Fact(page, "通行证"))
	}
	b.Post(t, at+"/certify", answer, http.StatusConflict)
	stale, _ := b.Post(t, at+"/withdraw", url.Values{"reason": {"看错了"}, "seen": {"1"}}, http.StatusConflict)
	if desk.InputValue(stale, "reason") != "看错了" {
		t.Error("a stale withdrawal lost the reason")
	}
	b.Post(t, at+"/withdraw", url.Values{"reason": {""}}, http.StatusUnprocessableEntity)
	b.Post(t, at+"/withdraw", url.Values{"reason": {"户口簿不是本人的"}}, http.StatusSeeOther)
	if page = b.Get(t, at, http.StatusOK); desk.Fact(page, "认证") != "未认证" || desk.Fact(page, "通行证") != "失效" {
		t.Errorf("withdrawn: %q, %q", desk.Fact(page, "认证"), desk.Fact(page, "通行证"))
	}
}

func TestCertifyingNeedsItsPermission(t *testing.T) {
	d := newDesk(t)
	b := d.OnlyViews(t)
	at := frame.ResidentURL(d.Mine.Residents[0].ID)
	if page := b.Get(t, at, http.StatusOK); page.Find(`a[href$="/certify"], a[href$="/withdraw"]`).Length() != 0 {
		t.Error("the buttons are shown")
	}
	b.Post(t, at+"/certify", url.Values{"how": {"id_card"}}, http.StatusForbidden)
	b.Post(t, at+"/withdraw", url.Values{"reason": {"x"}}, http.StatusForbidden)
}

// A child has the number of a parent of the house; the list tells so.
func TestSharedNumberIsShownAsShared(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	parent := d.Mine.Residents[0]
	form := residentFormOf(d)
	form.Set("house", desk.HouseLabel(t, d, parent.House))
	form.Set("name", "张小宝")
	form.Set("phone", parent.Phone)
	page, _ := b.Post(t, frame.ResidentPath, form, http.StatusUnprocessableEntity)
	if !strings.Contains(page.Find("form").Text(), "家人共用号码") {
		t.Error("the refusal does not tell of shared numbers")
	}
	form.Set("phone_shared", "1")
	_, at := b.Post(t, frame.ResidentPath, form, http.StatusSeeOther)
	page = b.Get(t, at, http.StatusOK)
	if got, want := desk.Fact(page, "手机"), "共用 "+core.MaskPhone(parent.Phone); got != want {
		t.Errorf("shown as %q, want %q", got, want)
	}
	edit := b.Get(t, at+"/edit", http.StatusOK)
	if edit.Find(`input[name="phone_shared"][checked]`).Length() != 1 || edit.Find(`input[name="clear_phone"]`).Length() != 1 {
		t.Error("the form does not show that the number is shared")
	}
	form.Set("seen", desk.InputValue(edit, "seen"))
	form.Set("phone", "")
	form.Del("phone_shared")
	form.Set("clear_phone", "1")
	b.Post(t, at, form, http.StatusSeeOther)
	if page = b.Get(t, at, http.StatusOK); desk.Fact(page, "手机") != "无手机" {
		t.Errorf("deleted, shown as %q", desk.Fact(page, "手机"))
	}
}
