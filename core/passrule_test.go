package core

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestPassRuleText(t *testing.T) {
	rule := func(change func(*PassRule)) PassRule {
		r := DefaultPassRule()
		change(&r)
		return r
	}
	for _, c := range []struct {
		rule PassRule
		want string
	}{
		{rule(func(r *PassRule) {
			r.Counting, r.PeriodDays, r.Exits, r.Hours = CountHousehold, 2, 1, hours("06:00-22:00")
		}), "每户每 2 天最多出门 1 次，出门时间 06:00–22:00，进门不限"},
		{rule(func(r *PassRule) { r.Exits = 3 }), "每人每天最多出门 3 次，出门时间不限，进门不限"},
		{rule(func(r *PassRule) { r.Hours = hours("06:00-08:00,22:00-02:00") }), "出门次数不限，出门时间 06:00–08:00、22:00–次日 02:00，进门不限"},
		{DefaultPassRule(), "进门、出门均不限次数和时间"},
		{rule(func(r *PassRule) { r.Hours = hours("00:00-24:00") }), "进门、出门均不限次数和时间"},
		{rule(func(r *PassRule) { r.Exits = -1 }), "禁止出入：进门、出门均不放行"},
		{rule(func(r *PassRule) { r.RecordTemp, r.RecordID, r.ReaderQR = true, true, false }),
			"进门、出门均不限次数和时间；进出须测体温，37.3 ℃ 及以上不放行；未登记身份证的须在门岗登记；只能由门岗放行"},
		{rule(func(r *PassRule) {}).Under(&Restriction{Exits: -1}, noonDay), "禁止出入：进门、出门均不放行"},
		{rule(func(r *PassRule) {}).Under(&Restriction{Exits: -1, LastDay: noonDay - 1}, noonDay), "进门、出门均不限次数和时间"},
	} {
		if got := c.rule.Text(); got != c.want {
			t.Errorf("%q\nwant %q", got, c.want)
		}
	}
}

var noonDay = DayOf(noon, shanghai)

func TestPassRuleCheck(t *testing.T) {
	for _, c := range []struct {
		change func(*PassRule)
		fields string
	}{
		{func(r *PassRule) {}, ""},
		{func(r *PassRule) { r.PeriodDays, r.Exits = 30, 99 }, ""},
		{func(r *PassRule) { r.Exits, r.FeverTenths = -1, 350 }, ""},
		{func(r *PassRule) { r.FeverTenths = 420 }, ""},
		{func(r *PassRule) { r.Counting = "" }, "counting"},
		{func(r *PassRule) { r.PeriodDays = 0 }, "period_days"},
		{func(r *PassRule) { r.PeriodDays = 31 }, "period_days"},
		{func(r *PassRule) { r.Exits = -2 }, "exits"},
		{func(r *PassRule) { r.Exits = 100 }, "exits"},
		{func(r *PassRule) { r.FeverTenths = 349 }, "fever_tenths"},
		{func(r *PassRule) { r.FeverTenths = 421 }, "fever_tenths"},
		{func(r *PassRule) { r.Hours = make([]HourRange, 9) }, "hours"},
		{func(r *PassRule) { r.Hours = []HourRange{{From: -1, To: 5}} }, "hours"},
		{func(r *PassRule) { r.Hours = []HourRange{{From: 1440, To: 5}} }, "hours"},
		{func(r *PassRule) { r.Hours = []HourRange{{From: 0, To: 1441}} }, "hours"},
		{func(r *PassRule) { *r = PassRule{} }, "counting,fever_tenths,period_days"},
	} {
		r := DefaultPassRule()
		c.change(&r)
		if got := fieldsOf(r.Check()); got != c.fields {
			t.Errorf("%+v: fields %q, want %q", r, got, c.fields)
		}
	}
}

// fieldsOf returns the names of an invalid form's fields, sorted.
func fieldsOf(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	return strings.Join(slices.Sorted(maps.Keys(e.Fields)), ",")
}

// Rules are equal if each of their settings is, and hours that are left out are no hours.
func TestEqualRules(t *testing.T) {
	rule := DefaultPassRule()
	same := rule
	same.Hours = []HourRange{}
	if !rule.Equal(same) || !same.Equal(rule) {
		t.Error("the same rule is another")
	}
	for name, change := range map[string]func(*PassRule){
		"hours": func(r *PassRule) { r.Hours = []HourRange{{From: 360, To: 1320}} }, "exits": func(r *PassRule) { r.Exits++ },
		"fever": func(r *PassRule) { r.FeverTenths++ }, "reader": func(r *PassRule) { r.ReaderQR = false },
	} {
		other := DefaultPassRule()
		if change(&other); rule.Equal(other) {
			t.Errorf("another %s is the same", name)
		}
	}
}
