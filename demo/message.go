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
