-- SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
-- SPDX-License-Identifier: Apache-2.0

-- Each wrk thread is one client that comes, makes its calls and goes, over and over: the steps of the plan file given as
-- first argument, each after the answer to the one before. A thread has one connection, so that a session belongs to it.
-- The first answer names the session, if there are any, and the later steps name it in turn. Every answer is looked at.

dofile(string.match(debug.getinfo(1, "S").source, "^@(.*/)") .. "result.lua")

local plan
local texts, step = {}, 1

checked, wrong, example, destination = 0, 0, "", ""

-- Spells the steps once for a whole visit.
local function spell(session)
    for index, part in ipairs(plan.steps) do
        texts[index] = part.names and part.before .. session .. part.after or part.before
    end
end

function init(arguments)
    plan = dofile(arguments[1])
    destination = plan.destination
    spell("")
end

function request()
    return texts[step]
end

function response(status, headers, body)
    local part = plan.steps[step]
    checked = checked + 1
    if status ~= part.status or not string.find(body or "", part.expect, 1, true) then
        wrong = wrong + 1
        if example == "" then
            example = "step " .. step .. ": HTTP " .. status .. " " .. string.sub(body or "", 1, 600)
        end
        step = 1
        return
    end
    if step == 1 and plan.steps[#plan.steps].names then
        for name, value in pairs(headers) do
            if string.lower(name) == "mcp-session-id" then
                spell(value)
            end
        end
    end
    step = step % #plan.steps + 1
end

function done(summary, latency)
    write_result(summary, latency)
end
