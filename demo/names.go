package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

var (
	surnames = strings.Fields("王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 林 高 罗 郑 梁 谢 宋 唐 许 韩 冯 邓 曹 彭 曾 肖 田 董 潘 袁 蔡 蒋 余")
	males    = strings.Fields("伟 强 磊 军 勇 杰 涛 超 明 刚 平 辉 鹏 飞 建国 志强 建华 文博 子轩 浩然 宇航 俊杰 家豪 国栋 永康 晓东 海波 立新 振华 思远")
	females  = strings.Fields("芳 娜 敏 静 丽 艳 娟 霞 燕 玲 婷 雪 慧 颖 秀英 桂兰 玉梅 淑珍 雨桐 梓涵 欣怡 诗涵 晓彤 佳琪 海燕 春梅 丽华 思琪 若曦 雅文")
)

// person returns a random name and sex; surname "" is any.
func person(r *rand.Rand, surname string) (name, sex string) {
	if surname == "" {
		surname = surnames[r.IntN(len(surnames))]
	}
	if r.IntN(2) == 0 {
		return surname + males[r.IntN(len(males))], "male"
	}
	return surname + females[r.IntN(len(females))], "female"
}

// phone returns a number of a block that no carrier assigns to people.
func phone(n int) string { return fmt.Sprintf("1990%07d", n) }

// idNumber returns a well-formed resident identity number that belongs to nobody: its region was
// abolished.
func idNumber(r *rand.Rand, sex string) string {
	serial := r.IntN(490)*2 + 10
	if sex == "male" {
		serial++
	}
	body := fmt.Sprintf("110103%04d%02d%02d%03d", 1945+r.IntN(60), 1+r.IntN(12), 1+r.IntN(28), serial)
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(body[i]-'0') * w
	}
	return body + string("10X98765432"[sum%11])
}
