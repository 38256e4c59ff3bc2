package core

import (
	"strings"
	"testing"
)

// A number that matches is not enough if the name or the ID number of the register contradicts; a slip of the pen does not.
func TestMatchOf(t *testing.T) {
	for _, c := range []struct {
		by         RegisterMatch
		name       string // of the register; the applicant is 王小明
		otherID    bool
		want       string
		wantEnough bool
	}{
		{MatchedPhone, "王小明", false, "手机号与登记一致（王**）", true},
		{MatchedPhone, "王·小明", false, "手机号与登记一致（王***）", true},
		{MatchedPhone, "王晓明", false, "手机号与登记一致，姓名差一个字（王**）", true},
		{MatchedPhone, "王晓红", false, "姓名与登记不同（王**）", false},
		{MatchedPhone, "王明", false, "姓名与登记不同（王*）", false},
		{MatchedPhone, "王小明", true, "证件号与登记不同（王**）", false},
		{MatchedPhone, "王晓明", true, "证件号与登记不同（王**）", false},
		{MatchedPhone, "李建国", true, "姓名、证件号与登记不同（李**）", false},
		{MatchedIDNumber, "王小明", false, "证件号与登记一致（王**）", true},
		{MatchedName, "王小明", false, "仅姓名与登记一致（王**）", false},
		{MatchedNothing, "", false, "登记里没有", false},
	} {
		alike := MatchOf("王小明", Registered{By: c.by, Name: c.name, OtherIDNumber: c.otherID, Alike: true})
		if alike.Enough != (c.wantEnough && FoldName(c.name) == "王小明") {
			t.Errorf("%+v, and another alike: %+v", c, alike)
		}
		got := MatchOf("王小明", Registered{By: c.by, Name: c.name, OtherIDNumber: c.otherID})
		if got.Text(false) != c.want || got.Enough != c.wantEnough {
			t.Errorf("%+v: %+v", c, got)
		}
		if other := c.name != "" && FoldName(c.name) != "王小明"; got.Doubtful() != other {
			t.Errorf("%+v: a warning: %v", c, got.Doubtful())
		} else if words := got.Effect("王小明", true); !strings.Contains(words, c.name) || other != strings.Contains(words, "不是“王小明”") {
			t.Errorf("%+v: before an approval is said %q", c, words)
		}
	}
	for n, want := range map[int]bool{0: false, 1: true, 2: true} {
		if m := MatchOf("王小明", Registered{Namesakes: n}); m.Doubtful() != want || m.Name != "" {
			t.Errorf("%d namesakes: %+v", n, m)
		}
	}
}

func TestToldAllText(t *testing.T) {
	for want, applicants := range map[string][]ID{
		ToldText(1): {1, 2}, ToldText(0): {0, 0}, "会告诉申请人；不在微信里申请的，打开申请时的页面就能看到": {1, 0},
	} {
		if got := ToldAllText(applicants); got != want {
			t.Errorf("%v: %s, want %s", applicants, got, want)
		}
	}
}

// What an approval does is said as it is: somebody comes back, or is new beside who left with the number, or the number is taken.
func TestMatchEffectsOfWhoLeft(t *testing.T) {
	for want, m := range map[string]ReviewMatch{
		"登记的“王秀兰”已迁出：通过后恢复居住，姓名、身份按申请，并认证。":                   {Name: "王秀兰", Back: true},
		"登记里没有申请人：通过后新登记“赵二”，并认证。该手机号原是已迁出的“王秀兰”登记的，原来的记录不变。": {Left: "王秀兰"},
	} {
		if got := m.Effect("赵二", true); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if strings.Contains(m.Effect("赵二", false), "王秀兰") {
			t.Error("the name is whole")
		}
	}
	held := ReviewMatch{IDName: "王秀兰", IDHouse: "1栋101"}
	if whole, masked := held.Effect("赵二", true), held.Effect("赵二", false); !held.Doubtful() ||
		!strings.Contains(whole, "证件号已登记给“王秀兰”（1栋101），请先核对") || strings.Contains(masked, "王秀兰") {
		t.Errorf("%q, %q", whole, masked)
	}
	taken := Taken{Is: true, Resident: 1, Name: "王秀兰", House: "1栋101"}
	if whole, masked := taken.Text(true), taken.Text(false); !strings.Contains(whole, "王秀兰”（1栋101") || strings.Contains(masked, "王秀兰") {
		t.Errorf("%q, %q", whole, masked)
	}
}
