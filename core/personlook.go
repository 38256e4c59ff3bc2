package core

// LookText returns in Chinese what somebody looked at, by the name of the act; "" if it is no look.
func LookText(action string) string {
	switch action {
	case "resident.reveal":
		return "完整手机号与证件号"
	case "photo.view":
		return "证件或人脸照片"
	case "accessrecord.look":
		return "出入记录"
	}
	return ""
}

// LookerText returns in Chinese who looked: what they are, and the family name of those who have one.
func LookerText(by Actor) string {
	switch by.Kind {
	case ActorAccount:
		return "物业 " + MaskName(by.Name)
	case ActorWechat, ActorStaff:
		return "门岗 " + MaskName(by.Name)
	}
	return by.Kind.Label()
}
