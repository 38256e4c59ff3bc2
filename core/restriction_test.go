package core

import (
	"slices"
	"strings"
	"testing"
)

func TestRestrictionCheck(t *testing.T) {
	for _, c := range []struct {
		restriction Restriction
		fields      string
	}{
		{Restriction{Exits: -1}, ""}, {Restriction{Exits: 99, Reason: strings.Repeat("欠", 100)}, ""},
		{Restriction{Exits: -2}, "exits"}, {Restriction{Exits: 100}, "exits"}, {Restriction{Reason: strings.Repeat("欠", 101)}, "reason"},
	} {
		if got := fieldsOf(c.restriction.Check()); got != c.fields {
			t.Errorf("%+v: fields %q, want %q", c.restriction, got, c.fields)
		}
	}
}

func TestRestrictionText(t *testing.T) {
	for _, c := range []struct {
		restriction Restriction
		want        string
	}{
		{Restriction{Exits: -1, Reason: "装修超时"}, "限制出入：禁止出入，原因：装修超时"},
		{Restriction{Exits: 2, Reason: "欠费", LastDay: noonDay}, "限制出入：限 2 次，到 " + noonDay.String() + " 为止，原因：欠费"},
		{Restriction{Reason: "居家"}, "出门次数改为不限，原因：居家"},
	} {
		if got := c.restriction.Text(); got != c.want {
			t.Errorf("%+v is %q, want %q", c.restriction, got, c.want)
		}
	}
}

// Those who live in a restricted house read why and until when, and what the guard refuses meanwhile.
func TestRestrictionInWordsOfTheHouse(t *testing.T) {
	day := noonDay.String()
	for _, c := range []struct {
		restriction       *Restriction
		why, today, after string
	}{
		{nil, "", "", ""},
		{&Restriction{Exits: -1, Reason: "欠费"}, "解除前一直有效，原因：欠费",
			"本房屋已被限制出入，解除前门岗不放行访客。", "本房屋已被限制出入，解除前门岗不放行访客。"},
		{&Restriction{Exits: -1, Reason: "欠费", LastDay: noonDay}, "到 " + day + " 为止，原因：欠费",
			"本房屋已被限制出入，到 " + day + " 为止，期间门岗不放行访客。", ""},
		{&Restriction{Exits: 2, LastDay: noonDay}, "到 " + day + " 为止", "", ""},
	} {
		x := c.restriction
		if x != nil && x.Why() != c.why {
			t.Errorf("%+v: why %q", *x, x.Why())
		}
		if today, after := x.Bars("访客", noonDay), x.Bars("访客", noonDay+1); today != c.today || after != c.after {
			t.Errorf("%+v bars %q, then %q", x, today, after)
		}
	}
}

func TestRestrictionReplaces(t *testing.T) {
	x := Restriction{Exits: 1, Reason: "居家"}
	held := map[ID]Restriction{1: x, 2: {Exits: 1, Reason: "居家", LastDay: noonDay}, 3: {Exits: -1, Reason: "居家"}}
	for _, c := range []struct {
		what              string
		houses, announced []ID
		replaced          []ID
		refused           bool
	}{
		{"none restricted", []ID{4, 5}, nil, nil, false},
		{"the same terms once more", []ID{1, 4}, nil, nil, false},
		{"other terms, unannounced", []ID{1, 2, 3}, nil, []ID{2, 3}, true},
		{"announced one of two", []ID{2, 3}, []ID{3, 4}, []ID{2, 3}, true},
		{"announced all", []ID{2, 3, 4}, []ID{3, 2}, []ID{2, 3}, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			replaced := x.Replaced(c.houses, held)
			if !slices.Equal(replaced, c.replaced) {
				t.Errorf("replaces %v, want %v", replaced, c.replaced)
			}
			err := CheckReplaced(replaced, c.announced)
			if IsReplaces(err) != c.refused || c.refused != (err != nil) || c.refused && !IsConflict(err) {
				t.Errorf("checked: %v", err)
			}
		})
	}
}
