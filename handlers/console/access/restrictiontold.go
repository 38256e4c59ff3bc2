package access

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
)

// forecast counts whom an act on restrictions would reach. It concerns some houses of a community, all of it if houses is nil, and
// takes effect on a day; 0 = at once.
func (p *Pages) forecast(c *web.Context, community core.ID, houses []core.ID, day core.Day) (store.RestrictionForecast, error) {
	setup := core.MessageSetup{}
	if p.Sending != nil {
		setup = p.Sending(c.Ctx())
	}
	return p.Store.ForecastRestriction(c.Ctx(), c.Scope(), setup, community, houses, day)
}

// toldEffects returns in words whom an act on restrictions concerns, who of them is told and when, and who must be told by phone.
// It takes effect on a day; 0 = at once.
func toldEffects(f store.RestrictionForecast, day core.Day) []string {
	if f.Certified == 0 {
		if day != 0 {
			return []string{fmt.Sprintf("涉及 %s 名住户，现在都没有认证；到那天仍没有认证的不发通知", frame.Grouped(f.Residents))}
		}
		return []string{fmt.Sprintf("涉及 %s 名住户，都没有认证，不发通知", frame.Grouped(f.Residents))}
	}
	words := []string{fmt.Sprintf("涉及 %s 名住户，其中 %s 名已认证", frame.Grouped(f.Residents), frame.Grouped(f.Certified))}
	soon, morning, undone := "两分钟后收到通知", "夜间不打扰，%d 点后收到通知", "；两分钟内撤销则不通知"
	if day != 0 {
		words[0] = fmt.Sprintf("涉及 %s 名住户，现在有 %s 名已认证", frame.Grouped(f.Residents), frame.Grouped(f.Certified))
		soon, morning, undone = "在那天生效后收到通知", "在那天 %d 点后收到通知（夜间不打扰）", "；生效前取消则不通知"
	}
	add := func(n int, text string) {
		if n > 0 {
			words = append(words, frame.Grouped(n)+" 名"+text)
		}
	}
	add(f.Soon, soon)
	add(f.Morning, fmt.Sprintf(morning, f.Quiet.Hour()))
	add(f.Held, "要等发送渠道恢复后才收到通知")
	if len(words) > 1 {
		words[len(words)-1] += undone
	}
	add(f.Missed(), "收不到通知（"+whyMissed(f.Unreached)+"），请电话告知")
	return words
}

// whyMissed names the reasons why some are not told, the most frequent first, with how many each if there are several.
func whyMissed(missed map[core.MessageReason]int) string {
	reasons := slices.SortedFunc(maps.Keys(missed), func(a, b core.MessageReason) int {
		return cmp.Or(missed[b]-missed[a], strings.Compare(string(a), string(b)))
	})
	words := make([]string, len(reasons))
	for i, why := range reasons {
		if words[i] = why.Label(); len(reasons) > 1 {
			words[i] += " " + frame.Grouped(missed[why]) + " 名"
		}
	}
	return strings.Join(words, "、")
}

// missedAfter returns what is said of those who are not told of an act that is done, and where they will be listed; "" = nowhere,
// or not for the reader's eyes.
func missedAfter(c *web.Context, at core.ID, f store.RestrictionForecast) (said, list string) {
	n := f.Missed()
	if n == 0 {
		return "", ""
	}
	said = frame.Grouped(n) + " 名住户收不到通知，请电话告知"
	if n == f.Unreached[core.WhyNoPhone] || !c.Has(core.PermMessageView) { // without a number there is no message to be listed
		return said + "。", ""
	}
	return said + "，两分钟后列在“未触达”。", frame.UnreachedPath + "?community=" + at.String()
}
