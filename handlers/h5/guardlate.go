package h5

import (
	"net/http"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
)

// lateForm is a passage that the guard wrote down while the phone had no connection.
type lateForm struct {
	Key       string         `form:"key" max:"40"` // made by the phone: sent again it is the same passage
	Name      string         `form:"name" max:"64"`
	House     string         `form:"house" max:"60"`
	Direction core.Direction `form:"direction" of:"in out"`
	Reason    string         `form:"reason" max:"60"`
	Ago       int64          `form:"ago"` // seconds since it was written down, by the phone's clock
}

// lateReasons are why people pass without a code while there is no connection.
var lateReasons = []string{"网络断了", "没带手机", "送货", "访客"}

// lateAnswer is what the phone tells the guard of it.
type lateAnswer struct {
	Said string `json:"said"`
	Good bool   `json:"good"` // it is known who it was, and the rules do not refuse it
}

// passLate records what the page's script sends once the phone is connected again.
func (h *H5) passLate(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var form lateForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if form.Key == "" || form.Direction == "" {
		return core.Invalid("这条登记不完整")
	}
	result, err := h.gate.RecordLate(c.Ctx(), core.ScopeOf(post.Community), gate.Passage{
		Post: post.ID, Guard: c.Guard().ID, GuardName: c.Guard().Name, FormKey: form.Key, Direction: form.Direction, By: c.Actor(),
	}, store.LatePassage{
		Name: form.Name, House: form.House, Reason: form.Reason, Ago: time.Duration(min(max(form.Ago, 0), 1<<31)) * time.Second,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, lateWords(result))
}

// lateWords words what has become of a passage.
func lateWords(r gate.Result) lateAnswer {
	who := strings.TrimSpace(r.Record.HouseLabel + " " + r.Record.Name)
	a := lateAnswer{Said: who + "：已补登", Good: r.Record.Pass != 0 && r.Decision.Overruled == ""}
	if !a.Good {
		a.Said += "，" + r.Record.Note + "。物业会核对"
	}
	a.Said += "。"
	return a
}
