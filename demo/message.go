package demo

import (
	"context"
	"time"

	"tongxing/core"
)

// stopped leaves a template of the official account at rest, as if the platform had refused it this morning: what 发送渠道 shows
// then, and 恢复发送, can be tried. The demonstration sends nothing by it.
func (s *seeder) stopped(ctx context.Context, official string) error {
	return s.store.Outbox().Stop(ctx, core.ChannelStop{
		Channel: core.ChannelTemplate, AppID: official, Template: "demo-template-of-last-year", Until: s.now.Add(20 * time.Hour),
		Reason: core.WhyBadTemplate, Code: "40037",
	})
}

// untold sends what is due while nobody follows the official account: the applicants whose applications were decided are under
// 未触达, for the office to call.
func (s *seeder) untold(ctx context.Context) error {
	apps, err := s.store.WechatOfficials(ctx, core.Everywhere)
	if err != nil {
		return err
	}
	setup := core.MessageSetup{Open: map[core.MessageChannel]bool{core.ChannelTemplate: true}}
	for _, app := range apps {
		setup.Officials = append(setup.Officials, core.MessageAccount{
			App: app, Templates: map[core.MessageKind]core.MessageTemplate{core.MessageCertification: {ID: "demo-template"}},
		})
	}
	_, _, err = s.store.Outbox().Claim(ctx, core.MessageClaim{
		Setup: setup, Zone: s.store.Zone(), Limit: 100, Lease: time.Minute,
	})
	return err
}
