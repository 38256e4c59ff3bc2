package registry

import (
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// residentRestore lets a resident live in the house again who moved out a short time ago.
func (p *Pages) residentRestore(c *web.Context) error {
	r, err := p.resident(c)
	if err != nil {
		return err
	}
	q := templates.Confirm{
		Title: "恢复“" + r.Name + "”在 " + r.HouseLabel + " 的居住？", Text: "认证恢复为迁出前的状态，立即生效。",
		Submit: "恢复居住 1 人",
	}
	if r.Pass != 0 {
		q.Text = "认证和通行证恢复为迁出前的状态，立即生效。"
	}
	if r.LeaseDay != 0 && r.LeaseDay < p.Today(c) {
		q.Effects = append(q.Effects, "租约已于 "+r.LeaseDay.String()+" 到期，通行证仍不能用，请先修改租约")
	}
	return p.Act(c, frame.Act{
		Ask: q, Do: func() error { return p.Store.RestoreResident(c.Ctx(), c.Actor(), c.Scope(), r.ID) },
		Done: "“" + r.Name + "”已恢复居住。", Back: frame.ResidentURL(r.ID),
	})
}
