package h5

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/store"
)

// Somebody applies on the phone, level by level; after a refusal the form comes back filled in, with the reason above it.
func TestApplyingOnThePhone(t *testing.T) {
	w := newHome(t)
	page := w.stranger.get(certificationNewPath, http.StatusOK)
	for range 5 { // the community, building, unit, house
		next, there := page.Find(`main .p-card-link`).First().Attr("href")
		if !there {
			break
		}
		page = w.stranger.get(next, http.StatusOK)
	}
	house := page.Find(`[name=house]`).AttrOr("value", "")
	if house == "" {
		t.Fatalf("no form at the end of the way: %s", page.Find("main").Text())
	}
	form := url.Values{"house": {house}, "key": {page.Find("[name=key]").AttrOr("value", "")}, "name": {"王<小明>"}}
	wrong := w.stranger.post(page, certificationNewPath, form, http.StatusUnprocessableEntity)
	if wrong.Find(`[name=name]`).AttrOr("value", "") != "王<小明>" {
		t.Error("the form forgets the name")
	}
	form.Set("identity", "owner")
	form.Set("key", wrong.Find("[name=key]").AttrOr("value", ""))
	w.stranger.post(page, certificationNewPath, form, http.StatusSeeOther)
	own, err := w.store.OwnCertifications(t.Context(), w.user.ID)
	if err != nil || len(own) != 1 || own[0].House.String() != house || own[0].Review.State != core.ReviewWaiting {
		t.Fatalf("%+v, %v", own, err)
	}
	account, err := w.store.CreateAccount(t.Context(), core.SystemGranter, core.Account{
		Login: "shenhe", Name: "审核员", Role: core.RoleClerk, Scope: core.ScopeOf(w.Community),
		Permissions: []core.Permission{core.PermResidentView, core.PermCertificationView, core.PermCertificationReview},
	}, "correct-horse-7")
	if err != nil {
		t.Fatal(err)
	}
	reviewer := core.Actor{Kind: core.ActorAccount, ID: account, Name: "审核员"}
	if _, err := w.store.DecideReview(t.Context(), reviewer, core.Everywhere, core.ReviewDecision{
		ID: own[0].Review.ID, Reason: "照片<看不清>", Version: own[0].Review.Version,
	}); err != nil {
		t.Fatal(err)
	}
	list := w.stranger.get(certificationPath, http.StatusOK)
	shown := w.stranger.get(list.Find(`main a[href^="/h5/certification/"].p-card-link`).First().AttrOr("href", ""), http.StatusOK)
	again := w.stranger.get(shown.Find(`a[href*="again="]`).AttrOr("href", ""), http.StatusOK)
	if text := again.Find("main").Text(); !strings.Contains(text, "上次没有通过：照片<看不清>") ||
		again.Find("[name=name]").AttrOr("value", "") != "王<小明>" || again.Find("[name=house]").AttrOr("value", "") != house ||
		again.Find("[name=identity][checked]").AttrOr("value", "") != "owner" {
		t.Errorf("the form once more: %s", text)
	}
	w.owner.get(certificationNewPath+"?again="+own[0].Review.ID.String(), http.StatusNotFound)
	w.stranger.post(page, certificationNewPath, form, http.StatusSeeOther) // the same form once more is the same application
	form.Set("name", "王小红")
	kept := w.stranger.post(page, certificationNewPath, form, http.StatusUnprocessableEntity)
	if text := kept.Find("main").Text(); !strings.Contains(text, "这份申请已提交过，请到“我的申请”查看") {
		t.Errorf("a kept form with another name: %s", text)
	}
}

// A level with many places is searched, by a part of a name or a whole address, and counted as people do.
func TestPickingAHouseOfMany(t *testing.T) {
	w := newHome(t)
	var places [][]string
	for n := 30; n > 0; n-- {
		places = append(places, []string{strconv.Itoa(n) + "栋", "2单元", "1502"})
	}
	for n := range placesShown + 1 {
		places = append(places, []string{"90栋", "1单元", strconv.Itoa(n + 1)})
	}
	community, err := w.store.CreateCommunity(t.Context(), core.System, core.Community{Name: "大区", Levels: core.DefaultLevels()})
	if err == nil {
		_, err = w.store.CreateHouses(t.Context(), core.System, core.Everywhere, community, places)
	}
	if err != nil {
		t.Fatal(err)
	}
	at := certificationNewPath + "?community=" + community.String()
	names := func(page *goquery.Document) []string {
		return page.Find("main .p-card-link b").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	}
	top := w.stranger.get(at, http.StatusOK)
	if got := names(top); len(got) != 31 || got[1] != "2栋" || got[9] != "10栋" || top.Find(`input[name=q]`).Length() != 1 {
		t.Errorf("buildings: %q", got)
	}
	for typed, want := range map[string]string{
		"三号楼": "3栋 13栋 23栋 30栋", "17": "17栋", "<x>": "", "3-2-1502": "3栋2单元1502", "三号楼二单元1502": "3栋2单元1502",
		"3栋2单元1502": "3栋2单元1502", "99栋": "",
	} {
		if got := strings.Join(names(w.stranger.get(at+"&q="+url.QueryEscape(typed), http.StatusOK)), " "); got != want {
			t.Errorf("%s finds %q, want %q", typed, got, want)
		}
	}
	unit := top
	for range 2 { // the last building, and its unit
		next := unit.Find("main .p-card-link").Last().AttrOr("href", "")
		unit = w.stranger.get(next, http.StatusOK)
	}
	if got := names(unit); len(got) != placesShown || got[9] != "10" || !strings.Contains(unit.Find("main").Text(), "还有更多") {
		t.Errorf("%d doors: %s", len(got), unit.Find("main").Text())
	}
	const back = "a.p-back"
	building := w.stranger.get(unit.Find(back).AttrOr("href", ""), http.StatusOK)
	if got := names(building); len(got) != 1 || got[0] != "1单元" {
		t.Errorf("back from the unit is %q", got)
	}
	if got := names(w.stranger.get(building.Find(back).AttrOr("href", ""), http.StatusOK)); len(got) != 31 {
		t.Errorf("back from the building is %q", got)
	}
	for n := range placesSearch {
		c := core.Community{Name: strconv.Itoa(n) + "号花园", Levels: core.DefaultLevels()}
		if _, err := w.store.CreateCommunity(t.Context(), core.System, c); err != nil {
			t.Fatal(err)
		}
	}
	all := w.stranger.get(certificationNewPath, http.StatusOK)
	if all.Find(`input[name=q]`).Length() != 1 {
		t.Error("many communities are not searched")
	}
	if got := strings.Join(names(w.stranger.get(certificationNewPath+"?q=7号", http.StatusOK)), " "); got != "7号花园" {
		t.Errorf("7号 finds %q", got)
	}
}

// The address of the form of a house that became part of another, and that form itself, are about the one that is left.
func TestApplyingForAHouseThatWasMerged(t *testing.T) {
	w := newHome(t)
	move := core.HouseMove{House: w.Houses[0], Into: w.Houses[1], Parent: core.NoMove}
	address := certificationNewPath + "?house=" + move.House.String()
	page := w.stranger.get(address, http.StatusOK)
	plan, err := w.store.PlanMove(t.Context(), core.Everywhere, w.Community, move)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.MoveHouses(t.Context(), core.System, core.Everywhere, w.Community, move, plan.Seen); err != nil {
		t.Fatal(err)
	}
	if left := w.stranger.get(address, http.StatusOK).Find("[name=house]").AttrOr("value", ""); left != move.Into.String() {
		t.Errorf("the form is for house %q", left)
	}
	form := url.Values{
		"house": {move.House.String()}, "key": {page.Find("[name=key]").AttrOr("value", "")}, "name": {"王小明"}, "identity": {"owner"},
	}
	w.stranger.post(page, certificationNewPath, form, http.StatusSeeOther)
	own, err := w.store.OwnCertifications(t.Context(), w.user.ID)
	if err != nil || len(own) != 1 || own[0].House != move.Into {
		t.Fatalf("%+v, %v", own, err)
	}
	w.stranger.get(certificationNewPath+"?house=1", http.StatusNotFound)
}

// Family leaves an address on the phone after a question; an owner cannot, nor can a stranger.
func TestAnAddressIsRemovedOnThePhone(t *testing.T) {
	w := newHome(t)
	id, err := w.store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: w.Community, House: w.Houses[0], Name: "王小明", Identity: core.Family, Phone: "17700000009",
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.store.ConfirmName(t.Context(), w.user.ID, "王小明"); n != 1 || err != nil {
		t.Fatalf("%d homes, %v", n, err)
	}
	remove := addressPath + "/" + id.String()
	list := w.stranger.get(certificationPath, http.StatusOK)
	if list.Find(`a[href="`+remove+`"]`).Length() != 1 || list.Find(`a[href*="replaces="]`).Length() != 1 {
		t.Fatalf("the addresses: %s", list.Find("main").Text())
	}
	if owned := w.owner.get(certificationPath, http.StatusOK); owned.Find(`a[href^="`+addressPath+`"]`).Length() != 0 {
		t.Error("an owner can leave the house to nobody")
	}
	w.owner.get(remove, http.StatusNotFound)
	ask := w.stranger.get(remove, http.StatusOK)
	w.stranger.post(ask, remove+"/remove", url.Values{}, http.StatusSeeOther)
	if text := w.text(w.stranger, certificationPath); !strings.Contains(text, "还没有登记的地址") {
		t.Errorf("afterwards: %s", text)
	}
}

// Who is known in WeChat already and is added by an owner says on the phone that it is they, and has a pass from then on.
func TestAnAddressIsAcceptedOnThePhone(t *testing.T) {
	w := newHome(t)
	if _, err := w.store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: w.Community, House: w.Houses[1], Name: "王小明", Identity: core.Owner, Phone: "17700000009",
	}); err != nil {
		t.Fatal(err)
	}
	if n, err := w.store.ConfirmName(t.Context(), w.user.ID, "王小明"); n != 1 || err != nil {
		t.Fatalf("%d homes, %v", n, err)
	}
	add := w.owner.get(householdPath+"/new?house="+w.Houses[0].String(), http.StatusOK)
	w.owner.post(add, householdPath+"/new", url.Values{
		"house": {w.Houses[0].String()}, "name": {"王小明"}, "identity": {"family"}, "phone": {"17700000009"},
	}, http.StatusSeeOther)
	const button = `form[action$="/accept"]`
	list := w.stranger.get(certificationPath, http.StatusOK)
	accept, _ := list.Find(button).Attr("action")
	if list.Find(button).Length() != 1 || !strings.Contains(list.Find("main").Text(), "请按“确认是我”") {
		t.Fatalf("the addresses: %s", list.Find("main").Text())
	}
	w.owner.post(add, accept, url.Values{}, http.StatusNotFound)
	w.stranger.post(list, accept, url.Values{}, http.StatusSeeOther)
	w.stranger.post(list, accept, url.Values{}, http.StatusSeeOther) // tapped twice
	if now := w.stranger.get(certificationPath, http.StatusOK); now.Find(button).Length() != 0 {
		t.Error("it is asked for once more")
	}
	if passes := w.stranger.get("/h5/pass", http.StatusOK).Find(`a[href^="/h5/pass/"]`).Length(); passes != 2 {
		t.Errorf("%d passes", passes)
	}
}

// A change of address that was refused stays one when it is sent once more, as long as the address is the applicant's.
func TestAChangeOfAddressIsSentOnceMore(t *testing.T) {
	w := newHome(t)
	ctx := t.Context()
	tie, err := w.store.CreateResident(ctx, core.System, core.Everywhere, core.Resident{
		Community: w.Community, House: w.Houses[0], Name: "王小明", Identity: core.Family, Phone: "17700000009",
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.store.ConfirmName(ctx, w.user.ID, "王小明"); n != 1 || err != nil {
		t.Fatalf("%d homes, %v", n, err)
	}
	own, err := w.store.CreateCertification(ctx, core.System, w.user.ID, core.CertificationRequest{
		House: w.Houses[1], Name: "王小明", Identity: core.Family, Replaces: tie,
	}, store.RequestKey{Key: "once"})
	if err != nil {
		t.Fatal(err)
	}
	show := certificationPath + "/" + own.Review.ID.String()
	ask := w.stranger.get(show+"/withdraw", http.StatusOK)
	w.owner.get(show+"/withdraw", http.StatusNotFound)
	w.stranger.post(ask, show+"/withdraw", url.Values{}, http.StatusSeeOther)
	page := w.stranger.get(show, http.StatusOK)
	if page.Find(`a[href$="/withdraw"]`).Length() != 0 || !strings.Contains(page.Find("main").Text(), "已撤回") {
		t.Errorf("withdrawn: %s", page.Find("main").Text())
	}
	again := page.Find(`a[href*="again="]`).AttrOr("href", "")
	if got := w.stranger.get(again, http.StatusOK).Find("[name=replaces]").AttrOr("value", ""); got != tie.String() {
		t.Errorf("it replaces %q, want %s", got, tie)
	}
	if err := w.store.MoveOut(ctx, core.System, core.Everywhere, tie); err != nil {
		t.Fatal(err)
	}
	if got := w.stranger.get(again, http.StatusOK).Find("[name=replaces]").AttrOr("value", ""); got == tie.String() {
		t.Error("it replaces an address that is the applicant's no more")
	}
}
