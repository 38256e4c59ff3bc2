package account

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/wechat/simulator"
)

// restrictAll restricts all houses of the desk's own estate.
func restrictAll(t *testing.T, d *desk.Desk) core.Batch {
	t.Helper()
	b, err := d.Store.CreateRestrictions(t.Context(), core.System, core.Everywhere, store.RestrictionChange{
		Community: d.Mine.Community, Whole: true, Restriction: core.Restriction{Exits: -1, Reason: desk.Hostile},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Of a person who is gone the row has no name, and not their state in its place; of a house, what it was called.
func TestARowOfWhatIsGone(t *testing.T) {
	gone := batchItemOf(nil, core.Batch{Kind: core.BatchImportResidents}, core.BatchItem{Became: "居住，未认证", State: core.BatchItemUndone})
	if gone.Name != "已删除" || gone.After != "居住，未认证" {
		t.Errorf("a resident: %+v", gone)
	}
}

// A batch has a page with its numbers and things; 撤销本次 asks with the numbers, and lists what is
// kept.
func TestBatchIsShownAndUndone(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermRestrictionEdit)
	batch := restrictAll(t, d)
	list := b.Get(t, frame.BatchPath+"?kind=restriction.create", http.StatusOK)
	if row := list.Find("tbody tr"); row.Length() != 1 || !strings.Contains(row.Text(), "2 套房屋") {
		t.Errorf("listed as %q", row.Text())
	}
	at := frame.BatchURL(batch.ID)
	page := b.Get(t, at, http.StatusOK)
	desk.Literally(t, page, desk.Hostile)
	if n := page.Find("tbody tr").Length(); n != 2 || !strings.Contains(page.Find("tbody").Text(), "禁止出入") {
		t.Errorf("%d things: %s", n, page.Find("tbody").Text())
	}
	if _, err := d.Store.LiftRestriction(t.Context(), core.System, core.Everywhere, d.Mine.Houses[0]); err != nil {
		t.Fatal(err)
	}
	page, _ = b.Post(t, at+"/undo", nil, http.StatusOK)
	if ask := page.Find("form.tx-confirm").Text(); !strings.Contains(ask, "撤销 1 套房屋") ||
		!strings.Contains(ask, "其中保留 1 套房屋") || !strings.Contains(ask, "（之后又改过）") || !strings.Contains(ask, "撤销这次“限制出入”？") {
		t.Errorf("asks %q", ask)
	}
	if len(d.Restrictions(t)) != 1 {
		t.Fatal("undone unasked")
	}
	_, to := b.Post(t, at+"/undo", desk.ConfirmedForm(), http.StatusSeeOther)
	if to != at || len(d.Restrictions(t)) != 0 {
		t.Errorf("led to %s; %d restrictions", to, len(d.Restrictions(t)))
	}
	page = b.Get(t, at, http.StatusOK)
	if text := page.Find("main").Text(); !strings.Contains(text, "已撤销 1 套房屋，保留 1 套房屋") || !strings.Contains(text, "之后又改过") ||
		!strings.Contains(text, core.System.Name) || page.Find(`form[action="`+at+`/undo"]`).Length() != 0 {
		t.Errorf("after undoing: %s", text)
	}
	// On a phone too the row tells all: the page of the house does not.
	if kept := b.Get(t, at+"?state=kept", http.StatusOK); kept.Find("table.tx-whole-rows tbody tr").Length() != 1 ||
		kept.Find("tbody td.tx-told").Length() != 3 {
		t.Errorf("kept things: %q", kept.Find("tbody").Text())
	}
	b.Post(t, at+"/undo", desk.ConfirmedForm(), http.StatusSeeOther) // again: nothing to do
}

// Of more things than its plan looks at, the question gives no number of those that come back.
func TestTheQuestionOfAVeryLargeBatch(t *testing.T) {
	b := core.Batch{ID: 7, Kind: core.BatchHouses, Size: 9000, Undone: 500}
	kept := []core.BatchItem{{Name: "1栋1单元101", Why: core.BatchChanged}}
	for name, c := range map[string]struct {
		kept         []core.BatchItem
		whole        bool
		button, line string
	}{
		"looked at whole":     {kept, true, "撤销 8,499 套房屋", "还没有撤销的有 8,500 套房屋，其中保留 1 套房屋："},
		"in part":             {kept, false, "撤销没有改过的", "还没有撤销的有 8,500 套房屋，其中至少保留 1 套房屋："},
		"in part, none found": {nil, false, "撤销没有改过的", "其中 8,500 套房屋还没有撤销，没有再改过的立即恢复"},
	} {
		ask := batchUndoAsk(b, c.kept, c.whole)
		said := slices.Contains(ask.Effects, frame.PlannedInPart)
		if ask.Submit != c.button || ask.Effects[1] != c.line || said == c.whole {
			t.Errorf("%s: %q %q", name, ask.Submit, ask.Effects)
		}
	}
}

// Of what was all changed since, nothing is taken back: the question has no answer, and the batch can still be taken back.
func TestABatchOfWhichAllIsKept(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermRestrictionEdit)
	batch := restrictAll(t, d)
	for _, house := range d.Mine.Houses[:2] {
		if _, err := d.Store.LiftRestriction(t.Context(), core.System, core.Everywhere, house); err != nil {
			t.Fatal(err)
		}
	}
	at := frame.BatchURL(batch.ID)
	for _, form := range []url.Values{nil, desk.ConfirmedForm()} {
		page, _ := b.Post(t, at+"/undo", form, http.StatusOK)
		ask := page.Find("form.tx-confirm")
		if ask.Find("button:not([disabled])").Length() != 0 || ask.Find("a[data-cancel]").Text() != "返回" ||
			!strings.Contains(ask.Text(), "（之后又改过）") {
			t.Errorf("asks %s", ask.Text())
		}
	}
	if b.Get(t, at, http.StatusOK).Find(`form[action="`+at+`/undo"]`).Length() != 1 {
		t.Error("撤销本次 is gone")
	}
}

// A batch is seen by who may do its act or sees the audit log, and undone by the former alone.
func TestBatchNeedsThePermissionOfItsAct(t *testing.T) {
	d := newDesk(t)
	at := frame.BatchURL(restrictAll(t, d).ID)
	for name, c := range map[string]struct {
		permission core.Permission
		scope      core.ID
		show, undo int
	}{
		"another act":       {core.PermHouseEdit, d.Mine.Community, http.StatusNotFound, http.StatusNotFound},
		"the audit log":     {core.PermAuditView, d.Mine.Community, http.StatusOK, http.StatusNotFound},
		"another community": {core.PermRestrictionEdit, d.Others.Community, http.StatusNotFound, http.StatusNotFound},
	} {
		b := d.SignIn(t, core.ScopeOf(c.scope), c.permission)
		b.Get(t, at, c.show)
		b.Post(t, at+"/undo", desk.ConfirmedForm(), c.undo)
		if len(d.Restrictions(t)) != 2 {
			t.Fatalf("%s: undone", name)
		}
	}
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAuditView)
	page := b.Get(t, at, http.StatusOK)
	if page.Find(`main form[action$="/undo"]`).Length() != 0 || !strings.Contains(page.Find("main").Text(), "撤销需要“设置限制出入”的权限") {
		t.Errorf("who may not undo is offered: %s", page.Find("main").Text())
	}
	lines := b.Get(t, frame.AuditPath+"?action=restriction.create", http.StatusOK).Find("tbody")
	if lines.Find(`td[data-label="变化"] a[href="`+at+`"]`).Length() != 1 || strings.Contains(lines.Text(), "批次") {
		t.Errorf("the line does not lead to the batch in words: %s", lines.Text())
	}
	line := lines.Find("a").First().AttrOr("href", "")
	if b.Get(t, line, http.StatusOK).Find(`main a[href="`+at+`"]`).Length() != 1 {
		t.Error("the line of the audit log does not lead to the batch")
	}
}

func TestBatchPages(t *testing.T) {
	shell := templates.Shell{Title: "批量操作", CSRF: "token"}
	list := templates.List{Path: frame.BatchPath}
	b := core.Batch{ID: 7, Kind: core.BatchRestrict, Size: 1200, By: core.Actor{Name: desk.Hostile}}
	row := batchRowOf(b, frame.CommunityChoice{})
	item := batchItem{Name: desk.Hostile, URL: "/x", Before: "–", After: "禁止出入", Kept: "之后又改过", By: "小王", At: time.Unix(1, 0)}
	templates.CheckAll(t, "console/batch/", map[string]any{
		"console/batch/list":       batchListPage{Shell: shell, List: list, Rows: []batchListRow{row}},
		"console/batch/list#empty": batchListPage{Shell: shell, List: list},
		"console/batch/show": batchShowPage{
			Shell: shell, List: list, Rows: []batchItem{item, {Name: "已删除"}}, Undo: &templates.Submit{Label: "撤销本次", URL: "/u"},
			Facts: []templates.Fact{{Label: "状态", Badge: batchBadge(b)}},
		},
		"console/batch/show#may not": batchShowPage{Shell: shell, List: list, Why: "撤销需要权限。"},
	})
}

// A tagging of followers is taken back at WeChat first: what WeChat refuses is not taken back here either.
func TestATaggingIsTakenBackAtWeChat(t *testing.T) {
	d := newDesk(t)
	sim := d.Official(t, core.Everywhere, simulator.Person{Key: "zhou", Follows: []string{desk.OfficialID}},
		simulator.Person{Key: "li", Follows: []string{desk.OfficialID}})
	zhou, li := d.Follows(t, sim, "zhou"), d.Follows(t, sim, "li")
	official, ctx := d.Frame.Wechat.Official(desk.OfficialID), t.Context()
	tag := func() (number int, batch core.Batch) {
		t.Helper()
		number, err := official.CreateTag(ctx, "业主")
		if err == nil {
			_, err = d.Store.CreateFollowerTag(ctx, core.System, core.Everywhere,
				core.FollowerTag{AppID: desk.OfficialID, Number: number, Name: "业主"})
		}
		if err == nil {
			err = official.TagPeople(ctx, number, []string{zhou.OpenID, li.OpenID})
		}
		if err == nil {
			batch, err = d.Store.TagFollowers(ctx, core.System, core.Everywhere,
				store.FollowersTagging{IDs: []core.ID{zhou.ID, li.ID}, Tag: number})
		}
		if err != nil {
			t.Fatal(err)
		}
		return number, batch
	}
	number, batch := tag()
	b := d.SignIn(t, core.Everywhere, core.PermFollowerView, core.PermFollowerEdit)
	list := b.Get(t, frame.BatchPath+"?community="+d.Mine.Community.String(), http.StatusOK)
	if text := list.Find("tbody").Text(); !strings.Contains(text, "打标签") || !strings.Contains(text, "2 名用户") {
		t.Errorf("what concerns all communities is not listed in one: %q", text)
	}
	at := frame.BatchURL(batch.ID)
	remarked := d.Follower(t, zhou.OpenID)
	remarked.Remark = "周老师"
	if _, err := d.Store.UpdateFollowerRemark(ctx, core.System, core.Everywhere, remarked); err != nil {
		t.Fatal(err)
	}
	rows := b.Get(t, at, http.StatusOK).Find("tbody")
	if text := rows.Text(); strings.Count(text, "业主") != 2 || strings.Contains(text, zhou.OpenID) || strings.Contains(text, li.OpenID) ||
		!strings.Contains(text, "周老师") || !strings.Contains(text, "未认证用户 "+core.ShortOpenID(li.OpenID)) {
		t.Errorf("its things: %q", text)
	}
	if rows.Find(`a[href="`+frame.FollowerURL(zhou.ID)+`"]`).Length() == 0 {
		t.Error("a follower's page is not a link away")
	}
	b.Post(t, at+"/undo", desk.ConfirmedForm(), http.StatusSeeOther)
	if has, err := official.TagsOf(ctx, zhou.OpenID); err != nil || len(has) != 0 {
		t.Errorf("at WeChat %v, %v", has, err)
	}
	if f := d.Follower(t, li.OpenID); len(f.Tags) != 0 {
		t.Errorf("here %v", f.Tags)
	}

	if err := official.DeleteTag(ctx, number); err != nil {
		t.Fatal(err)
	}
	if err := d.Store.NoteFollowerTagGone(ctx, desk.OfficialID, number); err != nil {
		t.Fatal(err)
	}
	number, batch = tag()
	if err := official.DeleteTag(ctx, number); err != nil {
		t.Fatal(err)
	}
	at = frame.BatchURL(batch.ID)
	b.Post(t, at+"/undo", desk.ConfirmedForm(), http.StatusSeeOther)
	if text := b.Get(t, at, http.StatusOK).Find("main").Text(); !strings.Contains(text, "标签已在微信删除") || strings.Contains(text, "已撤销 2") {
		t.Errorf("of a tag that WeChat has not: %s", text)
	}
}
