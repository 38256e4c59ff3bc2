package core

import (
	"slices"
	"testing"
	"time"
)

func TestAccessAlertsOf(t *testing.T) {
	begin := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	next := ID(0)
	refused := func(reader ID, reason Reason, seconds ...int) []AccessRecord {
		var list []AccessRecord
		for _, s := range seconds {
			next++
			list = append(list, AccessRecord{
				ID: next, Community: 1, Reader: reader, Gate: "南门", Pass: 5, Name: "陈",
				At: begin.Add(time.Duration(s) * time.Second), Reason: reason,
			})
		}
		return list
	}
	atPost := func(list []AccessRecord) []AccessRecord {
		for i := range list {
			list[i].Post = 7
		}
		return list
	}
	ten := []int{0, 5, 10, 15, 20, 25, 30, 35, 40, 59}
	for name, c := range map[string]struct {
		records []AccessRecord
		want    []AccessAlertKind
		count   int
	}{
		"nothing":             {nil, nil, 0},
		"nine in a minute":    {refused(1, ReasonCount, ten[:9]...), nil, 0},
		"ten in a minute":     {refused(1, ReasonCount, ten...), []AccessAlertKind{AccessAlertRefusals}, 10},
		"ten in 60 s or more": {refused(1, ReasonCount, append(slices.Clone(ten[:9]), 60)...), nil, 0},
		"the worst minute": {
			refused(1, ReasonCount, append(slices.Clone(ten), 61, 62, 63, 64, 65, 66)...),
			[]AccessAlertKind{AccessAlertRefusals}, 14,
		},
		"at two doors":       {append(refused(1, ReasonCount, ten[:5]...), refused(2, ReasonCount, ten[:9]...)...), nil, 0},
		"nowhere":            {refused(0, ReasonGuard, ten...), nil, 0},
		"at a post":          {atPost(refused(0, ReasonGuard, ten...)), []AccessAlertKind{AccessAlertRefusals}, 10},
		"two fevers":         {refused(1, ReasonFever, 1, 2), []AccessAlertKind{AccessAlertFever, AccessAlertFever}, 1},
		"shown again thrice": {refused(1, ReasonTokenUsed, 1, 2, 200), []AccessAlertKind{AccessAlertReuse}, 3},
	} {
		found := AccessAlertsOf(c.records)
		kinds := make([]AccessAlertKind, 0, len(found))
		for _, a := range found {
			kinds = append(kinds, a.Kind)
		}
		if !slices.Equal(kinds, c.want) && len(kinds)+len(c.want) > 0 || len(found) > 0 && found[0].Count != c.count {
			t.Errorf("%s: %v, want %v of %d", name, found, c.want, c.count)
		}
	}
	allowed := refused(1, ReasonAllowed, ten...)
	for i := range allowed {
		allowed[i].Allowed = true
	}
	if found := AccessAlertsOf(allowed); len(found) != 0 {
		t.Errorf("passages are alerts: %v", found)
	}
	for _, k := range AccessAlertKinds() {
		if (AccessAlert{Kind: k, Gate: "南门", Count: 2}).Text() == "南门" || k.Label() == string(k) {
			t.Errorf("%s has no words", k)
		}
	}
}
