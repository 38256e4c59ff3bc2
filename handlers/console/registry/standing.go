package registry

import (
	"fmt"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// standing is whether a resident can go out at this moment, and why: the answer that a door would give.
type standing struct {
	templates.Verdict
	Short templates.Badge // of Verdict.Title, for a row
	Left  string          // 今天还能出门 2 次; "" = nothing is counted
}

// standings returns the standing of residents, in their order: one query decides all passes.
func (p *Pages) standings(c *web.Context, residents []store.ResidentRow) ([]standing, error) {
	var passes []core.ID
	for _, r := range residents {
		if passDecides(r) {
			passes = append(passes, r.Pass)
		}
	}
	previews, err := p.Store.Previews(c.Ctx(), core.Out, passes)
	if err != nil {
		return nil, err
	}
	all := make([]standing, len(residents))
	for i, r := range residents {
		if passDecides(r) {
			all[i], previews = standingOf(previews[0]), previews[1:]
		} else {
			all[i] = withoutPass(r)
		}
	}
	return all, nil
}

// passDecides reports whether a resident has a pass whose rules say more than that they have none.
func passDecides(r store.ResidentRow) bool {
	return r.Pass != 0 && r.MovedOut.IsZero() && !r.Certified.IsZero()
}

// withoutPass describes a resident whom no rule admits.
func withoutPass(r store.ResidentRow) standing {
	s := standing{Verdict: templates.Verdict{Tone: templates.Warn, Title: "现在不能进出门"}}
	switch {
	case !r.MovedOut.IsZero():
		s.Tone, s.Text = templates.Neutral, "已迁出，通行证已停用"
	case r.Certified.IsZero():
		s.Text = "未认证：本人在微信里验证手机号，或现场核验"
	default:
		s.Text = "没有通行证"
	}
	s.Short = templates.Badge{Tone: s.Tone, Text: "不能进出门"}
	return s
}

// standingOf describes a decision.
func standingOf(preview store.Preview) standing {
	d := preview.Decision
	s := standing{Left: d.LeftText(preview.Rule)}
	switch {
	case d.Unlimited:
		s.Left = "出门不限次数"
	case s.Left != "":
		s.Left += fmt.Sprintf("（共 %d 次）", d.Limit)
	}
	switch {
	case d.Allowed:
		s.Tone, s.Title = templates.Good, "现在可以出门"
		s.Text = strings.TrimPrefix(strings.TrimPrefix(d.Sentence, s.Title), "，")
		s.Short = templates.Badge{Tone: s.Tone, Text: "可以出门"}
	case d.Reason.BothWays():
		s.Tone, s.Title, s.Text, s.Left = templates.Bad, "现在不能进出门", d.Sentence, ""
		if d.Reason == core.ReasonRestricted {
			s.Text = "本户已限制出入" // the sentence addresses the resident
		}
		s.Short = templates.Badge{Tone: s.Tone, Text: "不能进出门"}
	default:
		s.Tone, s.Title, s.Text = templates.Warn, "现在不能出门", d.Sentence
		s.Short = templates.Badge{Tone: s.Tone, Text: "不能出门"}
	}
	return s
}
