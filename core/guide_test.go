package core

import (
	"strings"
	"testing"
)

func guideStates(f GuideFacts) string {
	var out []string
	for _, s := range GuideSteps(f) {
		out = append(out, s.Name+"="+string(s.State))
	}
	return strings.Join(out, " ")
}

func TestGuideSteps(t *testing.T) {
	const order = "community house resident passrule wechat reader guardpost people notice"
	var names []string
	for _, s := range GuideSteps(GuideFacts{}) {
		names = append(names, s.Name)
		if s.State != GuideTodo || s.Text == "" || s.Takes == "" || s.Act == "" || len([]rune(s.Act)) > 6 {
			t.Errorf("%+v", s)
		}
		if alone := s.Name == "community" || s.Name == "wechat"; (s.Wait == "") != alone {
			t.Errorf("%s waits for %q", s.Name, s.Wait)
		}
	}
	if strings.Join(names, " ") != order {
		t.Errorf("order %v", names)
	}
	all := GuideFacts{
		Community: 1, Houses: 10, Inhabited: 5, Residents: 9, RuleSet: true, RuleOpens: true, Readers: 2, Heard: 1, Accepting: 2,
		Posts: 1, Guards: 1, Bound: 1,
		Observers: 1, Own: 1, Official: true, Mini: true,
	}
	if steps := GuideSteps(all); GuideLeft(steps) != 0 {
		t.Errorf("all is there: %s", guideStates(all))
	}
	many := GuideSteps(GuideFacts{Community: 1, Houses: 1200, Inhabited: 1000, Residents: 12345})
	if text := many[2].Text; text != "1,200 套房屋中有 1,000 套已登记住户，共 12,345 人。" {
		t.Errorf("large numbers: %s", text)
	}
	for _, c := range []struct {
		change func(*GuideFacts)
		want   string
	}{
		{func(f *GuideFacts) { f.Inhabited = 4 }, "resident=doing"},
		{func(f *GuideFacts) { f.Residents, f.Inhabited = 0, 0 }, "resident=todo"},
		{func(f *GuideFacts) { f.Mini = false }, "wechat=doing"},
		{func(f *GuideFacts) { f.Heard = 0 }, "reader=doing"},
		{func(f *GuideFacts) { f.Accepting = 0 }, "reader=doing"},
		{func(f *GuideFacts) { f.RuleOpens = false }, "passrule=doing"},
		{func(f *GuideFacts) { f.RuleSet = false }, "passrule=todo"},
		{func(f *GuideFacts) { f.Bound = 0 }, "guardpost=doing"},
		{func(f *GuideFacts) { f.Guards, f.Bound = 0, 0 }, "guardpost=doing"},
		{func(f *GuideFacts) { f.Observers = 0 }, "people=todo"},
		{func(f *GuideFacts) { f.Own = 0 }, "notice=todo"},
	} {
		f := all
		c.change(&f)
		if got := guideStates(f); !strings.Contains(got, c.want) || strings.Count(got, "done") != 8 {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	if f := (GuideFacts{Community: 1, RuleSet: true}); !strings.Contains(guideStates(f), "passrule=done") {
		t.Errorf("without readers, guards let people pass: %s", guideStates(f))
	}
	if wait := GuideSteps(GuideFacts{Community: 1})[2].Wait; wait != "房屋" {
		t.Errorf("residents wait for %q", wait)
	}
}

func TestRestrictionDue(t *testing.T) {
	const today = Day(20000)
	for _, c := range []struct {
		due         RestrictionDue
		first, last Day
	}{{RestrictionSoon, today, today + 6}, {RestrictionOver, 1, today - 1}} {
		if first, last := c.due.Days(today); first != c.first || last != c.last || !c.due.Valid() {
			t.Errorf("%s: %d to %d", c.due, first, last)
		}
	}
	if RestrictionDue("x").Valid() {
		t.Error("an unknown choice is valid")
	}
}
