// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The look of all pages. Text has a contrast of at least 4.5 to 1, controls of 3 to 1, in both colour schemes.
enum PageStyle {
    static let sheet: StaticString = """
        :root {
          color-scheme: light dark;
          --page: #eef1f6; --card: #ffffff; --line: #d9dee8; --edge: #737d8f;
          --ink: #1a2130; --soft: #525c6e; --field: #f5f7fa; --accent: #2a56c6;
          --button: #f7f9fc; --hover: #e9eef8;
          --good: #14633c; --good-bg: #e5f5ec; --warn: #7a4100; --warn-bg: #fff3dc; --warn-line: #edc98d;
          --shadow: 0 1px 2px rgb(20 30 55 / 8%), 0 12px 32px rgb(20 30 55 / 10%);
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #0e1118; --card: #181d27; --line: #2d3544; --edge: #7d889d;
            --ink: #e9edf5; --soft: #a9b3c5; --field: #10141c; --accent: #8db0ff;
            --button: #232a38; --hover: #2e3748;
            --good: #82d9a8; --good-bg: #14301f; --warn: #f5c877; --warn-bg: #332509; --warn-line: #6b5119;
              --shadow: 0 1px 2px rgb(0 0 0 / 40%), 0 16px 40px rgb(0 0 0 / 35%);
          }
        }
        *, *::before, *::after { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body {
          margin: 0; min-height: 100vh; min-height: 100dvh; padding: 2rem 1rem;
          display: flex; flex-direction: column; align-items: center; justify-content: center;
          background: var(--page); color: var(--ink);
          font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
          overflow-wrap: anywhere;
        }
        main {
          width: 100%; max-width: 31rem; background: var(--card); border: 1px solid var(--line);
          border-radius: 1rem; box-shadow: var(--shadow); padding: 2rem;
        }
        h1 { margin: 0; font-size: 1.375rem; line-height: 1.3; font-weight: 650; letter-spacing: -.01em;
          text-wrap: balance; }
        h2 { font-size: .8125rem; line-height: 1.4; font-weight: 600; color: var(--soft); margin: 0 0 .375rem; }
        p { margin: 0; }
        ul { list-style: none; margin: 0; padding: 0; }
        code { font: .875em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
        svg { flex: none; display: block; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round;
          stroke-linejoin: round; width: 1.25rem; height: 1.25rem; }
        .brand { display: flex; align-items: center; gap: .625rem; margin: 0 0 1.25rem; font-size: .9375rem;
          font-weight: 600; color: var(--soft); }
        .mark { display: grid; place-items: center; width: 2.25rem; height: 2.25rem; border-radius: .625rem; flex: none;
          background: var(--field); border: 1px solid var(--line); color: var(--accent); }
        .badge { display: flex; align-items: flex-start; gap: .5rem; margin: .875rem 0 0; padding: .5rem .75rem;
          border-radius: .625rem; font-size: .875rem; line-height: 1.45; }
        .badge svg { width: 1.125rem; height: 1.125rem; margin-top: .0625rem; }
        .badge strong { font-weight: 650; }
        .good { background: var(--good-bg); color: var(--good); }
        .warn { background: var(--warn-bg); color: var(--warn); }
        .facts { margin: 1.25rem 0 0; border: 1px solid var(--line); border-radius: .75rem; overflow: hidden; }
        .facts > section { padding: .875rem 1rem; }
        .facts > section + section { border-top: 1px solid var(--line); }
        .value { font-weight: 550; }
        .note { font-size: .875rem; color: var(--soft); }
        .alert { display: flex; gap: .5rem; margin: .625rem 0 0; padding: .625rem .75rem; border-radius: .625rem;
          border: 1px solid var(--warn-line); background: var(--warn-bg); color: var(--warn);
          font-size: .875rem; line-height: 1.45; }
        .alert svg { width: 1.125rem; height: 1.125rem; margin-top: .0625rem; }
        .scopes li { display: flex; gap: .625rem; align-items: baseline; padding: .125rem 0; }
        .scopes svg { width: .875rem; height: .875rem; margin-top: .3125rem; color: var(--soft);
          align-self: flex-start; }
        .scopes .note { flex: none; margin-left: auto; white-space: nowrap; }
        .logins li + li { margin-top: .75rem; padding-top: .75rem; border-top: 1px dashed var(--line); }
        .chips { display: flex; flex-wrap: wrap; gap: .375rem; margin-top: .375rem; }
        .chips li { margin: 0; padding: 0 .5rem; border: 1px solid var(--line); border-radius: 1rem;
          background: var(--field); font-size: .8125rem; color: var(--soft); }
        .logins .chips li + li { margin: 0; padding: 0 .5rem; border-top: 1px solid var(--line); }
        .actions { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; margin: 1.5rem 0 0; }
        button, .button { display: flex; align-items: center; justify-content: center; gap: .5rem; width: 100%;
          min-height: 3rem; padding: .5rem 1rem; border: 1.5px solid var(--edge); border-radius: .75rem;
          background: var(--button); color: var(--ink); font: inherit; font-weight: 600; text-decoration: none;
          cursor: pointer; }
        button:hover, .button:hover { background: var(--hover); border-color: var(--ink); }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        .fine { margin: 1rem 0 0; font-size: .8125rem; line-height: 1.5; color: var(--soft); }
        .lead { margin-top: .625rem; }
        .lead + .lead { margin-top: .75rem; }
        .detail { margin: 1.25rem 0 0; padding: .625rem .75rem; border-radius: .625rem; background: var(--field);
          border: 1px solid var(--line); font-size: .875rem; color: var(--soft); }
        .detail p + p { margin-top: .125rem; }
        .single { grid-template-columns: 1fr; }
        @media (max-width: 30rem) {
          body { padding: 0; justify-content: flex-start; background: var(--card); }
          main { border: 0; border-radius: 0; box-shadow: none; padding: 1.5rem 1.125rem; }
          .scopes .note { display: none; }
        }
        @media (forced-colors: active) { main, .badge, .alert, .mark { border: 1px solid; } }
        """
}
