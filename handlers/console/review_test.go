package console

import (
	"fmt"
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

// The inbox has what the account may decide, and no more: in its scope, of the kinds that it may review.
func TestReviewInbox(t *testing.T) {
	d := newDesk(t)
	user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "applicant"})
	if err == nil {
		_, err = d.Store.BindPhone(t.Context(), user.ID, "17700000001", "")
	}
	if err == nil {
		_, err = d.Store.CreateCertification(t.Context(), core.System, user.ID,
			core.CertificationRequest{House: d.Mine.Houses[0], Name: "王小明", Identity: core.Owner}, store.RequestKey{Key: "k"})
	}
	if err != nil {
		t.Fatal(err)
	}
	may := []core.Permission{core.PermResidentView, core.PermCertificationView, core.PermCertificationReview}
	for name, c := range map[string]struct {
		scope       core.Scope
		permissions []core.Permission
		want        int
	}{
		"a reviewer":        {core.ScopeOf(d.Mine.Community), may, 1},
		"elsewhere":         {core.ScopeOf(d.Others.Community), may, 0},
		"who may only look": {core.ScopeOf(d.Mine.Community), may[:2], 0},
	} {
		page := d.SignIn(t, c.scope, c.permissions...).Get(t, frame.ReviewPath, http.StatusOK)
		if got := desk.Rows(page); got != c.want {
			t.Errorf("%s: %d rows, want %d", name, got, c.want)
		}
		if got, want := page.Find("#list-total").Text(), fmt.Sprintf("共 %d 份", c.want); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	all := d.SignIn(t, core.ScopeOf(d.Mine.Community), append(may, core.PermVisitorPassView, core.PermVisitorPassReview)...)
	for kind, want := range map[core.ReviewKind]string{"": "共 1 份", core.ReviewCertification: "共 1 份", core.ReviewVisit: "共 0 份"} {
		if got := all.Get(t, frame.ReviewPath+"?kind="+string(kind), http.StatusOK).Find("#list-total").Text(); got != want {
			t.Errorf("of %q %q, want %q", kind, got, want)
		}
	}
	todo := d.SignIn(t, core.ScopeOf(d.Mine.Community), may...).Get(t, frame.TodoPath, http.StatusOK)
	if tabs := strings.Join(strings.Fields(todo.Find(".tx-tabs").Text()), ""); !strings.Contains(tabs, "审核1") {
		t.Errorf("the tabs are without numbers: %q", tabs)
	}
	if link := todo.Find(`main a[href^="` + frame.ReviewPath + `?kind=certification"]`); link.Length() != 1 {
		t.Error("待我处理 does not lead to what waits")
	}
}

// applies sends the application of a WeChat user of its own.
func applies(t *testing.T, d *desk.Desk, key string, c core.CertificationRequest) {
	t.Helper()
	user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "applicant" + key})
	if err == nil {
		_, err = d.Store.BindPhone(t.Context(), user.ID, c.Phone, "")
	}
	if err == nil {
		c.Identity = core.Owner
		_, err = d.Store.CreateCertification(t.Context(), core.System, user.ID, c, store.RequestKey{Key: key})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Several are rejected for one reason, which is asked for: one of the community's own presets, or in other words.
func TestSeveralReviewsAreRejected(t *testing.T) {
	d := newDesk(t)
	community, err := d.Store.Community(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	community.Refusals.Office = []string{"请先到前台<登记>"}
	if _, err := d.Store.UpdateCommunity(t.Context(), core.System, core.Everywhere, community); err != nil {
		t.Fatal(err)
	}
	for key, phone := range map[string]string{"a": "17700000001", "b": "17700000002", "c": "17700000003"} {
		applies(t, d, key, core.CertificationRequest{House: d.Mine.Houses[0], Name: "王小明", Phone: phone})
	}
	b, _ := d.SignedIn(t, "reviewer", core.PermResidentView, core.PermCertificationView, core.PermCertificationReview)
	ticks := b.Get(t, frame.ReviewPath, http.StatusOK).Find(`tbody input[name="id"]`).
		Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("value", "") })
	b.Post(t, reviewRejectPath, nil, http.StatusSeeOther)
	question, _ := b.Post(t, reviewRejectPath, url.Values{"id": ticks[:2]}, http.StatusOK)
	if text := question.Find("main").Text(); !strings.Contains(text, "不通过 2 份住户认证申请？") ||
		question.Find(`select[name=preset] option`).Length() != 2 || question.Find(`option[value="请先到前台<登记>"]`).Length() != 1 {
		t.Errorf("the question: %q", text)
	}
	without, _ := b.Post(t, reviewRejectPath, url.Values{"id": ticks[:2], "confirmed": {"1"}}, http.StatusUnprocessableEntity)
	if text := without.Find("main").Text(); !strings.Contains(text, "请选择或填写原因") {
		t.Errorf("without a reason: %q", text)
	}
	_, result := b.Post(t, reviewRejectPath, url.Values{
		"id": {ticks[0], strings.TrimSuffix(ticks[1], "1") + "0"}, "confirmed": {"1"}, "preset": {"请先到前台<登记>"},
	}, http.StatusSeeOther)
	done := b.Get(t, result, http.StatusOK)
	if !strings.Contains(done.Text(), "不通过 1 份，会告诉申请人；1 份没有审核") {
		t.Errorf("what became of them: %q", done.Find("main").Text())
	}
	b.Post(t, reviewRejectPath, url.Values{"id": ticks[1:], "confirmed": {"1"}, "preset": {"请先到前台<登记>"}, "reason": {"缺合同"}},
		http.StatusSeeOther)
	reviews, _, err := d.Store.Reviews(t.Context(), core.Everywhere, store.ReviewFilter{Oldest: true})
	if err != nil || len(reviews) != 3 {
		t.Fatal(len(reviews), err)
	}
	for i, want := range []string{"请先到前台<登记>", "缺合同", "缺合同"} {
		if got := reviews[i]; got.State != core.ReviewRejected || got.Reason != want {
			t.Errorf("review %d: %s, %q", i, got.State, got.Reason)
		}
	}
	d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermCertificationReview).
		Post(t, reviewRejectPath, url.Values{"id": ticks}, http.StatusNotFound)
}

// Those whose number the register has are ticked and approved together, with a question; what became of each is listed. Of
// others the list shows too little.
func TestSeveralReviewsAreApproved(t *testing.T) {
	d := newDesk(t)
	apply := func(key string, house core.ID, name, phone string) {
		t.Helper()
		applies(t, d, key, core.CertificationRequest{House: house, Name: name, Phone: phone})
	}
	for i, name := range []string{"张建国", "李丽华"} {
		r := core.Resident{
			Community: d.Mine.Community, House: d.Mine.Houses[0], Name: name, Identity: core.Family,
			Phone: "1770000001" + string(rune('0'+i)),
		}
		if _, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, r); err != nil {
			t.Fatal(err)
		}
		apply(string(rune('a'+i)), r.House, string([]rune(name)[:2])+"某", r.Phone) // by a slip of the pen
	}
	apply("c", d.Mine.Houses[0], "王小明", "17700000009")
	b, _ := d.SignedIn(t, "reviewer", core.PermResidentView, core.PermHouseView, core.PermCertificationView, core.PermCertificationReview)
	page := b.Get(t, frame.ReviewPath, http.StatusOK)
	ticks := page.Find(`tbody input[name="id"]`).Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("value", "") })
	if page.Find(`tbody a[href="`+frame.HouseURL(d.Mine.Houses[0])+`"]`).Length() != 3 {
		t.Error("the list does not lead to the houses")
	}
	if desk.Rows(page) != 3 || len(ticks) != 3 || page.Find(`#bulk button[formaction="`+reviewApprovePath+`"][data-ask]`).Length() != 1 {
		t.Fatalf("%d rows, ticks %q", desk.Rows(page), ticks)
	}
	for _, want := range []string{"手机号与登记一致", "登记里没有"} {
		if !strings.Contains(page.Find("tbody").Text(), want) {
			t.Errorf("the list lacks %s", want)
		}
	}
	b.Post(t, reviewApprovePath, nil, http.StatusSeeOther)
	b.Post(t, reviewApprovePath, url.Values{"id": {"x"}}, http.StatusUnprocessableEntity)
	question, _ := b.Post(t, reviewApprovePath, url.Values{"id": ticks}, http.StatusOK)
	for _, want := range []string{"通过 2 份住户认证申请？", "某（", "不能撤销", "手机号或证件号与本房屋的登记一致", "另外 1 份与登记核对不上",
		"“张建某”（", "认证的是登记的“张建国”", "认证的是登记的“李丽华”"} {
		if !strings.Contains(question.Find("main").Text(), want) {
			t.Errorf("the question lacks %s: %q", want, question.Find("main").Text())
		}
	}
	if kept := question.Find(`form.tx-confirm input[name="id"]`).Length(); kept != 2 {
		t.Errorf("the question is about %d reviews", kept)
	}
	b.Post(t, reviewApprovePath, url.Values{"id": ticks[2:]}, http.StatusSeeOther)
	id, _, _ := strings.Cut(ticks[1], "-")
	stale := url.Values{"id": {ticks[0], id + "-0"}, "confirmed": {"1"}}
	_, result := b.Post(t, reviewApprovePath, stale, http.StatusSeeOther)
	b.Get(t, result, http.StatusOK)
	done := b.Get(t, result, http.StatusOK) // it can be opened again
	if text := done.Find("main").Text(); strings.Count(text, "已通过") != 1 || !strings.Contains(text, "申请刚有变化") ||
		!strings.Contains(done.Text(), "通过 1 份，会告诉申请人；1 份没有审核") {
		t.Errorf("what became of them: %q", done.Text())
	}
	if rest := desk.Rows(b.Get(t, frame.ReviewPath, http.StatusOK)); rest != 2 {
		t.Errorf("%d wait still", rest)
	}
	for _, other := range []*desk.Clerk{
		d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermCertificationReview),
		d.SignIn(t, core.Everywhere, core.PermCertificationView),
	} {
		other.Post(t, reviewApprovePath, url.Values{"id": ticks}, http.StatusNotFound)
		other.Get(t, result, http.StatusNotFound)
	}
}

// A decision leads to the next that waits, and from the last to the oldest that was skipped. One's own is not offered, and
// leads nowhere; what waits for owners of the house is not counted, and no decision leads there.
func TestADecisionLeadsToTheNext(t *testing.T) {
	d := newDesk(t)
	b, account := d.SignedIn(t, "reviewer", core.PermResidentView, core.PermCertificationView, core.PermCertificationReview)
	apply := func(openID, phone, name, kind string) core.Review {
		t.Helper()
		user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: openID})
		if err == nil {
			_, err = d.Store.BindPhone(t.Context(), user.ID, phone, name)
		}
		if err != nil {
			t.Fatal(err)
		}
		if kind == "" {
			return core.Review{}
		}
		own, err := d.Store.CreateCertification(t.Context(), core.Actor{Kind: core.ActorWechat, ID: user.ID}, user.ID,
			core.CertificationRequest{House: d.Mine.Houses[0], Name: "王小" + openID, Identity: core.Identity(kind)},
			store.RequestKey{Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		return own.Review
	}
	first, own := apply("一", "17700000001", "", "owner"), apply("二", "17700000002", "", "owner")
	third, fourth := apply("三", "17700000003", "", "owner"), apply("四", "17700000004", "", "owner")
	ticket, err := d.Store.CreateBindTicket(t.Context(), core.System, core.Everywhere, store.BindTarget{
		Kind: core.BindAccount, ID: account, Holder: core.SystemGranter.Holds,
	})
	if err == nil {
		err = d.Store.ApproveBindTicket(t.Context(), core.Actor{Kind: core.ActorWechat, ID: own.Applicant}, store.BindScan{
			Scene: ticket.Scene, User: own.Applicant, NoMini: true,
		}, ticket.Code)
	}
	if err != nil {
		t.Fatal(err)
	}
	page := b.Get(t, frame.CertificationURL(own.ID), http.StatusOK)
	if text := page.Find("main").Text(); page.Find(".tx-review button").Length() != 0 || !strings.Contains(text, "这是您自己的申请") {
		t.Errorf("one's own application: %q", text)
	}
	for _, step := range []struct{ decided, next core.Review }{{third, fourth}, {fourth, first}} {
		_, next := b.Post(t, frame.CertificationURL(step.decided.ID)+"/approve", url.Values{"version": {"1"}}, http.StatusSeeOther)
		if next != frame.CertificationURL(step.next.ID) {
			t.Errorf("after %s: %s", step.decided.Name, next)
		}
	}
	d.Mine.LetOwnersReview()
	apply("业主", d.Mine.Residents[0].Phone, d.Mine.Residents[0].Name, "")
	apply("租客", "17700001234", "", "tenant")
	_, next := b.Post(t, frame.CertificationURL(first.ID)+"/approve", url.Values{"version": {"1"}}, http.StatusSeeOther)
	if next != frame.ReviewPath {
		t.Errorf("after the last: %s", next)
	}
	if n := desk.Rows(b.Get(t, frame.CertificationPath+"?state=waiting", http.StatusOK)); n != 2 {
		t.Errorf("%d of all wait, one of them for an owner", n)
	}
	menu := b.Get(t, frame.CertificationPath, http.StatusOK)
	if count := menu.Find(`aside a[href="` + frame.TodoPath + `"] .tx-count`).Text(); count != "1" {
		t.Errorf("the office is said to have %q to decide", count)
	}
}

func TestReviewPages(t *testing.T) {
	shell := desk.SampleShell("待我处理")
	list := templates.List{
		Path: frame.ReviewPath,
		Columns: []templates.Column{
			{Label: "申请人"}, {Label: "状态", Narrow: true}, {Label: "类型", Narrow: true}, {Label: "房屋"}, {Label: "核对"},
			{Label: "申请时间", Narrow: true},
		},
	}
	templates.CheckAll(t, "console/review/", map[string]any{
		"console/review/list": reviewListPage{Shell: shell, Tabs: frame.TodoTabs("review", nil), List: list, Rows: []reviewRow{{
			URL: "/x", Name: desk.Hostile, Subject: desk.Hostile, Kind: "住户认证", State: templates.Badge{Tone: templates.Info, Text: "待审核"},
			Created: time.Now(), HouseURL: "/h",
		}}},
		"console/review/list#ticks": reviewListPage{
			Shell: shell, Tabs: frame.TodoTabs("review", nil), List: templates.List{
				Path: frame.ReviewPath, Columns: list.Columns, Bulk: []templates.Submit{{Label: "通过", URL: "/x"}}, CSRF: "x",
			},
			Rows: []reviewRow{
				{Tick: templates.Tick{Value: "1-1", Label: desk.Hostile}, Bulk: true, Match: desk.Hostile, Name: "x", URL: "/x"},
				{Bulk: true},
			},
		},
		"console/review/decided": reviewBulkPage{Shell: shell, Next: "/x", Rows: []reviewBulkRow{
			{
				URL: "/x", Name: desk.Hostile, Subject: desk.Hostile, Text: desk.Hostile,
				State: templates.Badge{Tone: templates.Warn, Text: "没有审核"},
			}, {},
		}},
		"console/review/list#none": reviewListPage{Shell: shell, Tabs: frame.TodoTabs("review", nil), List: list},
	})
}

// The empty inbox says which applications come there: those of the kinds that the account may review.
func TestTheEmptyInboxNamesItsKinds(t *testing.T) {
	d := desk.New(t, area)
	for _, kind := range core.ReviewTypes {
		text := d.SignIn(t, core.ScopeOf(d.Mine.Community), kind.Needs).Get(t, frame.ReviewPath, http.StatusOK).Find(".tx-empty").Text()
		for _, other := range core.ReviewTypes {
			if strings.Contains(text, other.Label) != (other.Kind == kind.Kind) {
				t.Errorf("for %s it says %q", kind.Label, text)
			}
		}
	}
}

// Who applied outside WeChat gets no message: the question, the help of the reason and the result say how they learn of it.
func TestVisitorsOutsideWeChatAreNotSaidToBeTold(t *testing.T) {
	ticked := []tickedReview{{Review: core.Review{Kind: core.ReviewVisit, Name: "来客"}}}
	q := rejectQuestion(ticked, nil)
	note := bulkNote(map[core.ReviewState][]core.ID{core.ReviewRejected: {0}}, 1)
	for _, words := range []string{q.Text, q.Told, note, approveQuestion(ticked, 0, nil).Text} {
		if strings.Contains(words, "告诉申请人") || !strings.Contains(words, core.ToldText(0)) {
			t.Error(words)
		}
	}
}
