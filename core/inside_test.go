package core

import "testing"

// A roll call has the buildings in the order of their numbers, then those of no building by institution.
func TestRollCall(t *testing.T) {
	groups := RollCall([]Inside{
		{Kind: PassDedicated, Name: "骑手", Place: "顺丰速运", People: 1}, {Kind: PassVisitor, Name: "甲", Building: "10栋", People: 2},
		{Kind: PassVisitor, Name: "乙", Building: "2栋", People: 1}, {Kind: PassVisitor, Name: "丙", Building: "10栋", People: 3},
	})
	want := []struct {
		title        string
		rows, people int
	}{{"2栋", 1, 1}, {"10栋", 2, 5}, {"顺丰速运", 1, 1}}
	if len(groups) != len(want) {
		t.Fatalf("%+v", groups)
	}
	for i, w := range want {
		if g := groups[i]; g.Title != w.title || len(g.Rows) != w.rows || g.People != w.people {
			t.Errorf("group %d: %+v, want %v", i, g, w)
		}
	}
	if RollCall(nil) != nil {
		t.Error("groups of nobody")
	}
}
