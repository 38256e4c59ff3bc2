package console

import (
	"net/http"
	"strings"
	"testing"
	"time"

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
	}
	todo := d.SignIn(t, core.ScopeOf(d.Mine.Community), may...).Get(t, frame.TodoPath, http.StatusOK)
	if tabs := strings.Join(strings.Fields(todo.Find(".tx-tabs").Text()), ""); !strings.Contains(tabs, "审核1") {
		t.Errorf("the tabs are without numbers: %q", tabs)
	}
	if link := todo.Find(`main a[href^="` + frame.CertificationPath + `?state=waiting"]`); link.Length() != 1 {
		t.Error("待我处理 does not lead to what waits")
	}
}

func TestReviewPages(t *testing.T) {
	shell := desk.SampleShell("待我处理")
	list := templates.List{
		Path: frame.ReviewPath,
		Columns: []templates.Column{
			{Label: "申请人"}, {Label: "状态", Narrow: true}, {Label: "类型", Narrow: true}, {Label: "房屋"}, {Label: "申请时间", Narrow: true},
		},
	}
	templates.CheckAll(t, "console/review/", map[string]any{
		"console/review/list": reviewListPage{Shell: shell, Tabs: frame.TodoTabs("review", nil), List: list, Rows: []reviewRow{{
			URL: "/x", Name: desk.Hostile, Subject: desk.Hostile, Kind: "住户认证", State: templates.Badge{Tone: templates.Info, Text: "待审核"},
			Created: time.Now(),
		}}},
		"console/review/list#none": reviewListPage{Shell: shell, Tabs: frame.TodoTabs("review", nil), List: list},
	})
}
