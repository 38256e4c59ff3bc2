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
