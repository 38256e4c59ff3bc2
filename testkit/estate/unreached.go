package estate

import (
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// Unreached makes n people apply for a house, rejects each, and lets no channel tell them. It returns the messages, oldest
// first. Nothing else that waits is sent, either.
func (e *Estate) Unreached(n int) []core.ID {
	e.t.Helper()
	ctx := e.t.Context()
	office := core.Account{
		Login: "office" + e.Store.NewID().String(), Name: "王审核", Role: core.RoleClerk, Scope: core.ScopeOf(e.Community),
		Permissions: []core.Permission{core.PermCertificationReview, core.PermCertificationView},
	}
	id, err := e.Store.CreateAccount(ctx, core.SystemGranter, office, "horse-battery-7")
	e.must(err)
	by := core.Actor{Kind: core.ActorAccount, ID: id, Name: office.Name}
	for i := range n {
		user, err := e.Store.SignInWechat(ctx, core.WechatIdentity{AppID: "wx1", OpenID: fmt.Sprint("rejected", i, e.Store.NewID())})
		e.must(err)
		_, err = e.Store.BindPhone(ctx, user.ID, fmt.Sprintf("176%08d", int64(e.Store.NewID())%1e8), "")
		e.must(err)
		own, err := e.Store.CreateCertification(ctx, core.System, user.ID, core.CertificationRequest{
			House: e.Houses[0], Name: "申请人", Identity: core.Owner,
		}, store.RequestKey{Key: fmt.Sprint(i)})
		e.must(err)
		_, err = e.Store.DecideReview(ctx, by, core.ScopeOf(e.Community), core.ReviewDecision{
			ID: own.Review.ID, Reason: "资料不清楚", Version: own.Review.Version,
		})
		e.must(err)
	}
	_, _, err = e.Store.Outbox().Claim(ctx, core.MessageClaim{Zone: time.UTC, Limit: 100, Lease: time.Minute})
	e.must(err)
	list, _, err := e.Store.Messages(ctx, core.ScopeOf(e.Community), core.MessageFilter{
		Kind: core.MessageCertification, State: core.MessageUnreached,
	}, store.Page{Limit: n})
	e.must(err)
	ids := make([]core.ID, len(list))
	for i, m := range list {
		ids[len(list)-1-i] = m.ID
	}
	return ids
}
