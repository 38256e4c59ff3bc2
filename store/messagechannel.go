package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// messageChannelAudit is what the audit log records of a stop that somebody lifts.
type messageChannelAudit struct {
	Channel  string `json:"channel"`
	Account  string `json:"account,omitempty"`
	Template string `json:"template,omitempty"`
	Reason   string `json:"reason"`
	Until    string `json:"until"`
	Waiting  int    `json:"waiting"`
}

// ResumeChannel ends a stop before its time, as it was shown: one that was renewed since is a conflict. It returns how many
// messages go out now. Channels concern the whole deployment, so only operators may, whose scope has all that the account
// serves.
func (s *Store) ResumeChannel(
	ctx context.Context, by core.Actor, scope core.Scope, stop core.ChannelStop,
) (waiting int, err error) {
	account, err := s.mayResume(ctx, by, scope, stop)
	if err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "resume a channel", func(tx *database.Tx) error {
		if waiting, err = outbox.Lift(tx, stop); err != nil {
			return err
		}
		if stop.AppID != "" && stop.Reason.ByKeys() {
			if err := s.mendWechat(tx, stop.AppID); err != nil {
				return err
			}
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "message.resume", Subject: audit.Target("message", 0),
			After: messageChannelAudit{
				stop.Channel.Label(), account, stop.Template, stop.Reason.LabelOf(stop.Channel), s.minute(stop.Until), waiting,
			},
		})
	})
	if err == nil {
		s.wechat.forget()
	}
	return waiting, err
}

// mayResume refuses a stop whose channel or account serves more than the scope, and the act of somebody who does not run
// the deployment. It returns the account's name; "" = the stop is of none.
func (s *Store) mayResume(ctx context.Context, by core.Actor, scope core.Scope, stop core.ChannelStop) (string, error) {
	apps, err := s.WechatApps(ctx, core.Everywhere)
	if err != nil {
		return "", err
	}
	served, name := stop.Served(apps)
	switch {
	case !by.MayOperate():
		return name, core.Forbidden("只有运维人可以恢复发送")
	case !scope.Covers(served):
		return name, core.Forbidden("它还负责您管理范围以外的小区，请由上级管理员操作")
	}
	return name, nil
}
