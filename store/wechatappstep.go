package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// wechatStepAgain is after which time a request through a step is noted again.
const wechatStepAgain = 24 * time.Hour

// WechatAppSteps returns what is known of an app's steps.
func (s *Store) WechatAppSteps(ctx context.Context, id core.ID) (map[core.WechatAppStep]core.WechatStepState, error) {
	var rows []struct {
		Step      core.WechatAppStep `db:"step"`
		Proven    database.Millis    `db:"proven_at"`
		Confirmed database.Millis    `db:"confirmed_at"`
	}
	err := s.db.All(ctx, &rows, "SELECT step, proven_at, confirmed_at FROM wechat_app_step WHERE app_id = ?", int64(id))
	steps := make(map[core.WechatAppStep]core.WechatStepState, len(rows))
	for _, r := range rows {
		steps[r.Step] = core.WechatStepState{Proven: r.Proven.Time, Confirmed: r.Confirmed.Time}
	}
	return steps, database.Wrap("read the steps of a WeChat app", err)
}

// NoteWechatStep records that a request came through a step of an app's set-up; within a day of the last it only reads.
// It is no act of a person. An app of the configuration file has no steps.
func (s *Store) NoteWechatStep(ctx context.Context, id core.ID, step core.WechatAppStep) error {
	if id == 0 {
		return nil
	}
	known, err := s.WechatAppSteps(ctx, id)
	if err != nil || s.Now().Sub(known[step].Proven) < wechatStepAgain {
		return err
	}
	return s.db.Write(ctx, "note a step of a WeChat app", func(tx *database.Tx) error {
		if err := needWechatStep(tx, id, step); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE wechat_app_step SET proven_at = ? WHERE app_id = ? AND step = ?", tx.NowMS(), int64(id), string(step))
		return err
	})
}

// NoteMiniCalled records that a mini-program calls this server, by WeChat's id of it.
func (s *Store) NoteMiniCalled(ctx context.Context, appID string) error {
	for _, r := range s.RecentWechatApps(ctx) {
		if r.App.AppID == appID && r.App.Kind == core.WechatMini {
			return s.NoteWechatStep(ctx, r.App.ID, core.WechatStepServer)
		}
	}
	return nil
}

func needWechatStep(tx *database.Tx, id core.ID, step core.WechatAppStep) error {
	return database.InsertRows(tx, tx.Dialect().InsertIgnore(), "wechat_app_step", "app_id, step", [][]any{{int64(id), string(step)}})
}

// forgetWechatSteps removes what is known of an app's steps: it is removed, or another account's.
func forgetWechatSteps(tx *database.Tx, id core.ID) error {
	_, err := tx.Exec("DELETE FROM wechat_app_step WHERE app_id = ?", int64(id))
	return err
}

// wechatAppStepAudit is what the audit log records of a step that somebody confirms.
type wechatAppStepAudit struct {
	Name string `json:"name"`
	Step string `json:"step"`
}

// ConfirmWechatStep records that somebody says that a step is done, which nothing has checked.
func (s *Store) ConfirmWechatStep(ctx context.Context, by core.Actor, scope core.Scope, id core.ID, step core.WechatAppStep) error {
	return s.changeWechatStep(ctx, by, scope, wechatStepAct{id: id, step: step, action: "wechatapp.confirm"}, true)
}

// UnconfirmWechatStep takes back what ConfirmWechatStep recorded.
func (s *Store) UnconfirmWechatStep(ctx context.Context, by core.Actor, scope core.Scope, id core.ID, step core.WechatAppStep) error {
	return s.changeWechatStep(ctx, by, scope, wechatStepAct{id: id, step: step, action: "wechatapp.unconfirm"}, false)
}

// wechatStepAct is an act on a step of an app.
type wechatStepAct struct {
	id     core.ID
	step   core.WechatAppStep
	action string
}

func (s *Store) changeWechatStep(ctx context.Context, by core.Actor, scope core.Scope, act wechatStepAct, done bool) error {
	return s.db.Write(ctx, act.action, func(tx *database.Tx) error {
		within, args := wechatAppsWithin(scope)
		_, apps, err := readWechatApps(within+" AND id = ?"+tx.Dialect().ForUpdate(), append(args, int64(act.id)), tx.All)
		switch {
		case err != nil:
			return err
		case len(apps) == 0:
			return core.NotFound(noWechatApp)
		case !apps[0].Kind.HasStep(act.step):
			return core.InvalidFields(map[string]string{"step": "没有这一步"})
		}
		if err := mayChangeWechat(by, scope, apps[0]); err != nil {
			return err
		}
		if err := needWechatStep(tx, act.id, act.step); err != nil {
			return err
		}
		var at any
		if done {
			at = tx.NowMS()
		}
		if _, err := tx.Exec("UPDATE wechat_app_step SET confirmed_at = ? WHERE app_id = ? AND step = ?",
			at, int64(act.id), string(act.step)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: act.action, Subject: audit.Target("wechatapp", act.id),
			After: wechatAppStepAudit{apps[0].Name, act.step.Label(apps[0].Kind)},
		})
	})
}
