package store

import (
	"testing"

	"tongxing/core"
)

// A company that was deleted, or replaced by another, and is bound again finds its own people, with their accounts if they
// stayed: nobody is there twice, and its departments are not either. Those whom WeWork does not show stay by hand, until it says
// that they are gone.
func TestACompanyBoundAgainKnowsItsPeople(t *testing.T) {
	for _, c := range []struct {
		name           string
		replaced, stay bool
	}{{"deleted", false, true}, {"deleted, all leave", false, false}, {"replaced", true, true}, {"replaced, all leave", true, false}} {
		t.Run(c.name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, s *Store) {
				must := func(err error) {
					t.Helper()
					if err != nil {
						t.Fatal(err)
					}
				}
				ctx, by := t.Context(), core.System
				li, turn := aMember(t, s, "Li")
				corpSynced(t, s, turn)
				wang, err := s.StaffOfMember(ctx, turn.App, "wang")
				must(err)
				account := mustAccount(t, s, testAccount("lina01")).ID
				must(s.LinkStaffAccount(ctx, core.SystemGranter, li.ID, account))

				if c.replaced {
					app := wechatApp(t, s, turn.App)
					app.AppID = "ww00000000000000d2"
					_, keys := aWechatApp("d2", core.Everywhere)
					keys.Contact = keys.Secret
					must(s.ReplaceWechatCorp(ctx, by, everywhere, KeyedWechatApp{app, keys}, c.stay))
				}
				must(s.DisableWechatApp(ctx, by, everywhere, turn.App))
				must(s.RemoveWechatApp(ctx, by, everywhere, turn.App, c.stay))
				said := map[bool]string{true: "2 人留下", false: "2 人离职"}[c.stay]
				if n := countRows(
					t, s, "SELECT COUNT(*) FROM audit_log WHERE action LIKE 'wechatapp.re%' AND after_text LIKE ?", "%"+said+"%",
				); n != 1 {
					t.Errorf("the log says %d times that %s", n, said)
				}
				for range 2 {
					must(discard(s.LeaveReplaced(ctx, 10)))
				}
				between, err := s.Staff(ctx, everywhere, li.ID)
				if err != nil || between.Corp != 0 || between.Left.IsZero() != c.stay {
					t.Errorf("without the company: %+v, %v", between, err)
				}

				again, turn := aMember(t, s, "li")
				corpSynced(t, s, turn, "wang")
				again, err = s.Staff(ctx, everywhere, again.ID)
				if must(err); again.ID != li.ID || again.Corp != turn.App || !again.Left.IsZero() || len(again.Departments) != 1 {
					t.Errorf("bound again: %+v", again)
				}
				if linked := again.Account == account; linked != c.stay {
					t.Errorf("the account: %v", again.Account)
				}
				if n := countRows(t, s, "SELECT COUNT(*) FROM staff"); n != 2 {
					t.Errorf("%d people of 2", n)
				}
				// The other company took over the departments of those who left, and would have renamed them.
				if n := countRows(t, s, "SELECT COUNT(*) FROM department WHERE name = '工程部'"); n != 1 && (c.stay || !c.replaced) {
					t.Errorf("the department of all is there %d times", n)
				}
				unseen, err := s.Staff(ctx, everywhere, wang.ID)
				if must(err); unseen.Corp != 0 || unseen.Left.IsZero() != c.stay || c.stay && len(unseen.Departments) != 1 {
					t.Errorf("not shown by WeWork: %+v", unseen)
				}
				must(s.NoteStaffHint(ctx, turn.App, core.CorpHint{UserID: "WANG", Gone: true}))
				if gone, err := s.Staff(ctx, everywhere, wang.ID); err != nil || gone.Left.IsZero() {
					t.Errorf("gone from WeWork: %+v, %v", gone, err)
				}
			})
		})
	}
}

// corpSynced is a whole sync of a company's two members, without those who are unseen.
func corpSynced(t *testing.T, s *Store, turn SyncTurn, unseen ...string) {
	t.Helper()
	members := []core.CorpMember{{UserID: "Li", Name: "李娜", Departments: []int{2}}, {UserID: "wang", Name: "王五", Departments: []int{3}}}
	for i := range members {
		members[i].Unseen = len(unseen) > 0 && members[i].UserID == unseen[0]
	}
	err := s.SyncDepartments(t.Context(), turn, []core.CorpDepartment{
		{Number: 1, Name: "物业"}, {Number: 2, Parent: 1, Name: "工程部"}, {Number: 3, Parent: 1, Name: "客服部"},
	})
	if err == nil {
		err = s.SyncMembers(t.Context(), turn, members)
	}
	if err == nil {
		err = s.EndStaffSync(t.Context(), turn, true, "")
	}
	if err != nil {
		t.Fatal(err)
	}
}
