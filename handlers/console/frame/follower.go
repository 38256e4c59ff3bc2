package frame

import (
	"fmt"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
	"tongxing/store"
	"tongxing/wechat"
)

// CodeNoTag is WeChat's answer if it has no such tag.
const CodeNoTag = 45159

// followerProblems are WeChat's refusals of a change of followers or tags, in words.
var followerProblems = map[int]string{
	40003: "有用户已取消关注，请同步后再试", 46004: "有用户已取消关注，请同步后再试", 49003: "有用户不属于这个公众号，请同步后再试",
	45056: "标签已有 100 个，请先删除不用的", 45057: "超过 10 万人有这个标签，微信不允许删除", 45058: "微信自带的标签不能修改",
	45059: fmt.Sprintf("有用户已有 %d 个标签，不能再加", core.MaxTagsOfFollower), 45157: "已有同名的标签",
	45158: "标签名太长", CodeNoTag: "标签已在微信删除，这里也去掉了",
}

// FollowerProblem returns why WeChat refused a change, as a conflict in words.
func FollowerProblem(err error) error {
	words, ok := followerProblems[wechat.CodeOf(err)]
	if !ok {
		words = wechaterror.ForSetup(err)
	}
	return &core.Error{Code: core.CodeConflict, Message: wechaterror.Refused(err, words), Err: err}
}

// TagProblem is FollowerProblem for an act upon a tag: one that WeChat does not have is deleted here, too.
func (f *Frame) TagProblem(c *web.Context, appID string, number int, err error) error {
	if wechat.CodeOf(err) == CodeNoTag {
		if err := f.Store.NoteFollowerTagGone(c.Ctx(), appID, number); err != nil {
			c.Shortfall("note that a tag is gone", err)
		}
	}
	return FollowerProblem(err)
}

// TagAtWechat tags followers of one account at WeChat; none are no call.
func (f *Frame) TagAtWechat(c *web.Context, list []core.Follower, t store.FollowersTagging) error {
	if len(list) == 0 {
		return nil
	}
	official, err := f.Official(list[0].AppID)
	if err != nil {
		return err
	}
	opens := make([]string, len(list))
	for i, one := range list {
		opens[i] = one.OpenID
	}
	call := official.TagPeople
	if t.Off {
		call = official.UntagPeople
	}
	if err := call(c.Ctx(), t.Tag, opens); err != nil {
		return f.TagProblem(c, list[0].AppID, t.Tag, err)
	}
	return nil
}

// FollowerName returns what a follower is called: WeChat tells no names.
func FollowerName(f core.Follower, ties []store.FollowerTie) string {
	var names []string
	for _, tie := range ties {
		if len(names) == 0 || names[len(names)-1] != tie.Name { // one name at several houses
			names = append(names, tie.Name)
		}
	}
	switch {
	case len(names) > 0:
		return Joined(names)
	case f.Remark != "":
		return f.Remark
	}
	return "未认证用户 " + core.ShortOpenID(f.OpenID)
}

// FollowerHomes names the houses of a follower who is certified.
func FollowerHomes(at map[core.ID]string, ties []store.FollowerTie) string {
	var homes []string
	for _, tie := range ties {
		homes = append(homes, at[tie.Community]+tie.House)
	}
	return Joined(homes)
}

// NameFollowers sets the names of the followers among a batch's things to those of their list, with their houses. Of whom
// the account may not see, the end of the open id stays.
func (f *Frame) NameFollowers(c *web.Context, items []core.BatchItem) error {
	var ids []core.ID
	for _, item := range items {
		if item.Stem == "follower" {
			ids = append(ids, item.Thing)
		}
	}
	if len(ids) == 0 || !c.Has(core.PermFollowerView) {
		return nil
	}
	known, ties, err := f.Store.FollowersSeen(c.Ctx(), c.Scope(), ids)
	if err != nil {
		return err
	}
	communities := map[core.ID]string{}
	if _, one := c.Scope().One(); !one {
		if communities, err = f.CommunityNames(c); err != nil {
			return err
		}
	}
	for i, item := range items {
		if who, ok := known[item.Thing]; ok {
			items[i].Name = FollowerName(who, ties[who.ID])
			if homes := FollowerHomes(communities, ties[who.ID]); homes != "" {
				items[i].Name += "，" + homes
			}
		}
	}
	return nil
}
